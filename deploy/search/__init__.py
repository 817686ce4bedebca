"""``logferry search``: log lines out of Elasticsearch, for people in a terminal.

::

    search.query    pure: a person's words to request bodies
    search.follow   pure: which documents are new since the last look
    search.lines    pure: a document as a line
    search.index    asks Elasticsearch
"""
