"""Lines taken apart the plain way, one by one: what bench/peers/plain_faust.py does with each. Pure."""

from __future__ import annotations

import json
import re
from typing import Any, Final

KLOG: Final = re.compile(r'^([IWEF])(\d{4} [\d:.]+)\s+\d+ ([^\]]+)\] "((?:[^"\\]|\\.)*)"(.*)$')
PAIR: Final = re.compile(r'(\w+)=(?:"([^"]*)"|(\S+))')
LEVELS: Final = {"I": "info", "W": "warn", "E": "error", "F": "fatal"}


def parsed(line: str) -> dict[str, Any] | None:
    """A CRI line taken apart; None for what is below WARN.

    >>> parsed('2026-11-21T01:00:00.1Z stdout F {"level":"warn","msg":"slow"}')["level"]
    'warn'
    """
    time, stream, _, log = line.split(" ", 3)
    record = _json(log) if log.startswith("{") else _klog(log)
    if record.get("level") not in ("warn", "error", "fatal"):
        return None
    return {"@timestamp": time, "stream": stream, "log": log, **record}


def _json(log: str) -> dict[str, Any]:
    try:
        found = json.loads(log)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _klog(log: str) -> dict[str, Any]:
    found = KLOG.match(log)
    if found is None:
        return {}
    level, _, where, message, rest = found.groups()
    pairs = {key: quoted or bare for key, quoted, bare in PAIR.findall(rest)}
    return {"level": LEVELS[level], "logger": where, "msg": message, **pairs}
