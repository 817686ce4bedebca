"""Syslog messages as lines of text: what syslog daemons write to files, and what programs print in their form.

Samples: ``Jun 14 15:16:01 combo sshd(pam_unix)[19939]: check pass; user unknown`` (RFC 3164 without priority, as in
/var/log/messages and of journalctl), ``<34>Nov 21 01:02:03 host su[77]: …``, ``<165>1 2026-11-21T01:02:03.000003Z
host app 1234 ID47 [example@32473 class="high"] …`` (RFC 5424), ``2026-11-21T01:02:03.123456+00:00 host sshd[77]: …``
(rsyslog's files, ``journalctl -o short-iso``) and ``Nov 21 01:02:03 host daemon.warn dnsmasq[77]: …`` (BusyBox).

Severity is the priority's. Where there is none, it is that of a word which the message begins with, as sshd's
``error:`` or NetworkManager's ``<warn>``, of klog's letter or logfmt's level. Words further in are not looked at:
they may be somebody's user name.

Source: RFC 3164, RFC 5424, rsyslog's templates RSYSLOG_TraditionalFileFormat and RSYSLOG_FileFormat, journalctl(1),
BusyBox' syslogd.c. Attributes are those of framing ``syslog``.
"""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.severity import KLOG_SEVERITIES, SEVERITY_BY_BYTES, SYSLOG_SEVERITIES
from streams.core.framing.syslog_header import FACILITIES, Header, parse_header
from streams.core.parsers.message import message_fields, text, time_text
from streams.core.parsers.parsed import Fields, Parser

_NAMES: Final = (b"emerg", b"alert", b"crit", b"err", b"warning", b"notice", b"info", b"debug")
_MONTH: Final = rb"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_CLOCK: Final = rb"\d\d:\d\d:\d\d"
_ISO: Final = rb"\d{4}-\d\d-\d\dT" + _CLOCK + rb"(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)"
_OLD: Final = _MONTH + rb" [ \d]\d (?:\d{4} )?" + _CLOCK + rb"(?:\.\d{1,9})?"
_NO_LEVEL: Final = rb"(?!(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|CRITICAL|FATAL|TRC|DBG|INF|WRN|FTL|PNC)[ :])"
"""What some programs have where a syslog line has its host."""
_TAG: Final = rb"(?P<tag>[^\s:\[\]]{1,128})(?:\[(?P<process>[^\]\s]{0,64})\])?: ?"
_PID_TAG: Final = (
    rb"(?:(?P<tag>[^\s:\[\]]{1,128})\[(?P<process>\d{1,10})\]|(?P<alone>kernel|sudo|su|systemd-journald)): ?"
)
_BEHIND_HOST: Final = rb"(?:[^\s:\[\]]{1,128}\[|kernel:|su|systemd-journald:)"
_BUSYBOX: Final = rb"(?P<facility>[a-z0-9]{3,8})\.(?P<level>emerg|alert|crit|err|warn|notice|info|debug) "
_HOST: Final = rb"(?P<host>[\w.-]{1,255}) "

_BSD: Final = re.compile(
    rb"(?:<(?P<priority>\d{1,3})>)?(?P<time>" + _OLD + rb") " + _NO_LEVEL
    + rb"(?:" + _HOST + rb"(?:" + _BUSYBOX + rb")?)?" + _TAG + rb"(?P<message>.*)",
    re.DOTALL,
)  # fmt: skip
_UNTAGGED: Final = re.compile(
    rb"(?:<(?P<priority>\d{1,3})>)?(?P<time>" + _OLD + rb") " + _NO_LEVEL + _HOST
    + rb"(?=[^:\n]{1,64}: |last message repeated \d)(?P<message>.*)",
    re.DOTALL,
)  # fmt: skip
_FILE: Final = re.compile(
    rb"(?:<(?P<priority>\d{1,3})>)?(?P<time>" + _ISO + rb") " + _NO_LEVEL + _HOST + _PID_TAG + rb"(?P<message>.*)",
    re.DOTALL,
)
_NEW: Final = re.compile(
    rb"<(\d{1,3})>[1-9]\d{0,2} (?:-|" + _ISO + rb") [!-~]{1,255} [!-~]{1,48} [!-~]{1,128} [!-~]{1,32} [-\[]", re.DOTALL
)
_WORDS: Final = rb"EMERG(?:ENCY)?|ALERT|CRIT(?:ICAL)?|FATAL|PANIC|ERR(?:OR)?|WARN(?:ING)?|NOTICE|INFO|DEBUG|TRACE"
_LEVEL: Final = re.compile(
    rb"\s{0,4}(?:(" + _WORDS + rb")(?=[\s:\]])|((?i:" + _WORDS + rb")):|[\[<]((?i:" + _WORDS + rb"))[\]>]"
    rb"|([IWEFD])\d{4} \d\d:\d\d:\d\d\.|(?:(?:time|ts)=[^\s]{1,64} )?level=\"?([A-Za-z]{3,9}))"
)
_NEW_TIME: Final = re.compile(rb"<\d{1,3}>\d{1,3} (" + _ISO + rb") ")
_LETTERS: Final = {letter.encode(): number for letter, number in KLOG_SEVERITIES.items()}
_HIGHEST: Final = 191


Found = tuple[int, re.Match[bytes] | Header, bytes]
"""Priority (-1: none), the parts, and the level; a Header is RFC 5424's."""


def read(content: bytes) -> Found | None:
    """A message in any of the forms."""
    found = _BSD.match(content)
    if found is not None:
        priority, host, level, message = found.group("priority", "host", "level", "message")
        if priority is not None:
            return _with_priority(found)
        if host is not None:
            return -1, found, level or _level_of(message)
    first = content[:1]
    found = (_FILE if first.isdigit() else _UNTAGGED).match(content) or (
        _FILE.match(content) if first == b"<" else None
    )
    if found is None:
        return _of_rfc5424(content) if first == b"<" else None
    return _with_priority(found) if found["priority"] is not None else (-1, found, _level_of(found["message"]))


def _with_priority(found: re.Match[bytes]) -> Found | None:
    priority = int(found["priority"])
    return (priority, found, _NAMES[priority & 7]) if priority <= _HIGHEST else None


def _of_rfc5424(content: bytes) -> Found | None:
    found = _NEW.match(content)
    priority = _HIGHEST + 1 if found is None else int(found[1])
    header = parse_header(content, priority, 0) if priority <= _HIGHEST else None
    return None if header is None else (priority, header, _NAMES[priority & 7])


def _level_of(message: bytes) -> bytes:
    found = _LEVEL.match(message)
    if found is None:
        return b""
    level = found[found.lastindex or 0]
    return level if level in _LETTERS or _number(level) else b""


def _number(level: bytes) -> int:
    return SEVERITY_BY_BYTES.get(level) or SEVERITY_BY_BYTES.get(level.lower(), 0)


def severity(found: Found) -> int:
    """Number of the priority, or of the level that the message begins with."""
    priority, _, level = found
    if priority >= 0:
        return SYSLOG_SEVERITIES[priority & 7]
    return (_LETTERS.get(level) or _number(level)) if level else 0


def fields(content: bytes, found: Found) -> Fields:
    """The header's parts become attributes."""
    priority, parts, level = found
    if isinstance(parts, Header):
        time = _NEW_TIME.match(content)
        attributes = parts.attributes if time is None else {**parts.attributes, "time": time_text(time[1])}
        return message_fields("syslog", content, parts.text, attributes, level)
    return message_fields("syslog", content, parts["message"], _attributes(priority, parts), level or None)


def _attributes(priority: int, found: re.Match[bytes]) -> dict[str, Any]:
    parts = found.groupdict(b"")
    facility = FACILITIES[priority >> 3] if priority >= 0 else text(parts.get("facility", b""))
    named = (
        ("facility", facility),
        ("hostname", text(parts["host"])),
        ("appname", text(parts.get("tag") or parts.get("alone", b""))),
        ("procid", text(parts.get("process", b""))),
    )
    return {"time": time_text(parts["time"])} | {name: value for name, value in named if value}


PARSER: Final = Parser(
    read,
    severity,
    fields,
    signature=rb"(?:<\d{1,3}>)?(?:" + _MONTH + rb" [ \d]\d |" + _ISO + rb" [\w.-]{1,255}+ " + _BEHIND_HOST + rb")"
    rb"|<\d{1,3}>[1-9]\d{0,2} ",
)
