"""Dead letters: looking at them, taking them out, and sending them through the pipeline again.

`reading` reads topics without a consumer group, `letters` tells letters from marks, `redrive` sends again; what decides
is pure and stands in `core`.
"""
