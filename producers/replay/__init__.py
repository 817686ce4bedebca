"""Replay: chunks out of the raw archive or out of logs.raw, sent once more.

::

    producers.core.replay     pure: which chunks are meant, names of objects, what is in one
    producers.replay.archive  reads a raw archive
    producers.replay.topic    reads logs.raw
    producers.replay.send     sends, at a pace, with headers that say what is wanted (`schemas.replay`)
"""
