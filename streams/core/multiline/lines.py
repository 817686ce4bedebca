r"""Patterns of lines that more than one language needs. None has groups; all are linear on any input."""

from __future__ import annotations

from typing import Final

LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"

END: Final = rb"\r?\Z"
BLANK: Final = rb"[ \t]*+\r?\Z"

_LEVEL: Final = (
    rb"(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRIT|CRITICAL|ALERT|EMERG|FATAL|SEVERE"
    rb"|trace|debug|info|notice|warn|warning|error|crit|critical|fatal)"
)

ORDINARY: Final = (
    rb"(?:\x1b\[[\d;]*+m)?+(?:"
    rb"[\[(]?\d{4}[-/.]\d\d[-/.]\d\d"  # 2026-11-21, [2026/11/21
    rb"|[\[(]?\d\d:\d\d:\d\d"  # 01:02:03
    rb"|[\[(]?\d\d?[-/. ](?:\d\d|[A-Z][a-z]{2})[-/. ]\d{2,4}[ :]"  # 21/Nov/2026:
    rb"|\[?(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} [ \d]?\d,? (?:\d{4} )?\d?\d:\d\d"  # Nov 21 01:02, [Sat Nov 21 01:02
    rb"|[IWEFD]\d{4} \d\d:\d\d:\d\d|[DIWEF], \[|[VDIWEFA]/\S"  # klog, Ruby's Logger, Android
    rb"|\{|<\d{1,3}>|\d{10,19}[ .,]|\d{1,3}(?:\.\d{1,3}){3} "  # JSON, syslog, epoch, an access log
    rb"|[A-Za-z_][\w.]*+=[^=\s]"  # logfmt
    rb"|[\[(<]" + _LEVEL + rb"[\])>]|" + _LEVEL + rb"[:|]|" + _LEVEL.split(b"|trace")[0] + rb")[ \t]"
    rb"|(?:trce|dbug|info|warn|fail|crit): )"
)
"""An ordinary log line: it begins with a time, a level or a bracket of JSON. It ends every record."""

BEGINNINGS: Final = (
    rb"(?:Traceback \(most|Exception in thread|Exception Group Traceback|panic: |fatal error: |goroutine \d"
    rb"|thread '|Unhandled [eE]xception|PHP |# Time: |\(node:\d|terminate called)"
)
"""Lines that begin a record of their own whatever stands before them."""

CLASS: Final = rb"(?:[A-Za-z_][\w$]*+(?:\.|\\|::))*+[A-Za-z_][\w$]*+"
"""Name of a class, perhaps with its package or namespace."""

_EXCEPTIONAL: Final = (
    rb"(?:(?<=Exception)|(?<=Error)|(?<=Throwable)|(?<=Failure)|(?<=Fault)|(?<=Rejection)|(?<=Warning))"
)
EXCEPTION_CLASS: Final = CLASS + _EXCEPTIONAL

# Held against every line that begins with a letter: what stands behind the first word is looked at first.
_NAMED: Final = rb"[\w$.\\]++(?=: |:\t|:?+\r?\Z| \[)" + _EXCEPTIONAL
EXCEPTION_LINE: Final = rb"(?=[A-Za-z_])" + _NAMED + rb"(?: \[\w{1,64}\]:)?+(?! \[)"
"""``java.lang.IllegalStateException: closed``, ``TypeError: x``, ``AssertionError [ERR_ASSERTION]: x``."""

TEXT: Final = rb"(?!" + ORDINARY + rb"|" + BEGINNINGS + rb"|" + EXCEPTION_LINE + rb")[^\r]"
"""Text that may be part of a message of several lines."""

PACKAGED_EXCEPTION: Final = rb"(?=[A-Za-z_][\w$]*+[.\\])" + _NAMED + rb"(?! \[)"
"""The same with its package or namespace, as hardly anything else is written."""
