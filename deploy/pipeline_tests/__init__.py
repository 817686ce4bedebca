"""``logferry test``: lines in; records, topics and drops out, and how that differs from what a file says it should be.

`load` reads files of tests (`file`, `lines` and `expected` say what may stand in them), `written` writes a test's lines
as a producer would send them, `run` takes them through the stream stage's own core, `compare` holds what came out
against what was expected, `report` shows it, and `update` puts what came out into the file. Nothing here needs Kafka or
a clock.
"""
