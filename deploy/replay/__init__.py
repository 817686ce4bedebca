"""``logferry replay``: chunks of a period go through the stream stage once more.

::

    deploy.replay.request    pure: what was asked for, and the name that follows from it
    deploy.replay.saved      how far a replay has come, kept in a file
    deploy.replay.groups     offsets of the groups that work on it
    deploy.replay.isolated   settings of workers and sinks with rules and targets of their own
    deploy.replay.children   the processes that work on it
    deploy.replay.run        sends, waits, and says how it went
    deploy.replay.compare    pure: documents of two indices, side by side
    deploy.replay.diff       asks Elasticsearch for them
    deploy.replay.forget     removes what a trial has made
"""
