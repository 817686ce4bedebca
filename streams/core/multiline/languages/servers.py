r"""Records of several lines that servers write: klog's long values, MySQL's slow log, PostgreSQL's statements.

- klog: ``I1121 01:02:03.000000 1 a.go:1] "Applied" diff=<``, lines that begin with a tab, `` >`` (k8s.io/klog,
  internal/serialize).
- MySQL: ``# Time: …``, ``# User@Host: …``, ``# Query_time: …``, ``SET timestamp=…;`` and the statement up to its ``;``
  (MySQL Reference Manual, 7.4.5 "The Slow Query Log").
- PostgreSQL: further lines of any message begin with a tab (PostgreSQL documentation, 19.8; elog.c, append_with_tabs).
"""

from __future__ import annotations

from typing import Final

from streams.core.multiline.lines import ORDINARY
from streams.core.multiline.rules import LOGGED, Head, Language, Next

_OPENS: Final = rb".*+(?:(?<==<)|(?<==<\r))\Z"
_STATEMENT_ENDS: Final = rb".*+(?:(?<=;)|(?<=;\r))\Z"
_SQL: Final = rb"(?!# |" + ORDINARY + rb"|/\S++(?<=,) Version: |Tcp port: |Time {2,}+Id)"
_SET: Final = rb"(?i:SET timestamp=\d++;|use \S++(?<=;)\r?\Z)"

KLOG: Final = Language(
    heads=(Head(b"IWEFD", rb"[IWEFD]\d{4} \d\d:\d\d:\d\d" + _OPENS, "klog.value"),),
    places={
        "klog.value": (Next(rb"\t", "klog.value"), Next(rb" >" + _OPENS, "klog.value"), Next(rb" >", LOGGED)),
    },
)

MYSQL: Final = Language(
    heads=(Head(b"#", rb"# Time: ", "mysql.time"), Head(b"#", rb"# User@Host: ", "mysql.header")),
    places={
        "mysql.time": (Next(rb"# User@Host: ", "mysql.header"),),
        "mysql.header": (
            Next(rb"# administrator command: ", "mysql.end"),
            Next(rb"# (?!Time: |User@Host: )", "mysql.header"),
            Next(_SET, "mysql.statement"),
        ),
        "mysql.statement": (
            Next(_SET, "mysql.statement"),
            Next(rb"# administrator command: ", "mysql.end"),
            Next(_SQL + _STATEMENT_ENDS, "mysql.end"),
            Next(_SQL, "mysql.statement"),
        ),
        "mysql.end": (),
    },
)

POSTGRESQL: Final = Language(
    heads=(),
    places={"postgresql.message": (Next(rb"\t", "postgresql.message"),)},
    parsers={"postgresql": "postgresql.message"},
)
