"""Destinations of the contract suite, one file a type: what `tests/contracts/test_sinks.py` needs to know of each.

One more type is one file with a class `Peer`, named as the type is.
"""
