"""What particular libraries write in JSON without a level or message field of the usual kind.

Samples: ``{"@t":…,"@mt":"Hello {Name}","Name":"Ann"}`` (Serilog's CLEF: no ``@l`` is Information),
``{"log":{"level":"info"},…}`` (ECS), ``{"text":…,"record":{"level":{"name":"INFO"},"message":…}}`` (loguru),
``{"timestamp":…,"level":"INFO","fields":{"message":…}}`` (tracing-subscriber), ``{"ts":…,"msg":…,"v":4}`` (Kubernetes'
components: ``v`` is klog's verbosity; an error has ``err`` instead), ``{"logger":"x","level":0,"msg":…}`` (logr's
funcr: ``level`` is logr's verbosity), ``{"short_message":…,"level":3}`` (GELF: syslog's numbers),
``{"t":{"$date":…},"s":"I",…}`` (MongoDB), ``{"body":{"stringValue":…}}`` (OTLP).

Sources: CLEF's README (serilog-formatting-compact), Elastic Common Schema, loguru's documentation of ``serialize``,
tracing_subscriber::fmt::format::Json, Kubernetes "System Logs", go-logr/logr/funcr, GELF 1.1, MongoDB "Log Messages",
OTLP's logs.proto.
"""

from __future__ import annotations

import re
from typing import Any, Final

from schemas.severity import syslog_severity
from streams.core.parsers.levels import level_number, verbosity_severity

RENDERED_MAX: Final = 64 * 1024
"""So many characters of values are put into a template: a short line could ask for gigabytes."""
_UNTOLD: Final = (0, "")
_MONGODB: Final = {"F": 21, "E": 17, "W": 13, "I": 9, "D": 5}
_HOLE: Final = re.compile(r"\{\{|\}\}|\{[@$]?(\w{1,200})(?:,[^{}:]{1,20})?(?::[^{}]{0,100})?\}")


def implied_level(found: dict[str, Any]) -> tuple[int, str]:
    """Number and text of a level that no field of its own tells; 0 and nothing when nobody tells it."""
    if type(found.get("log")) is dict:
        return _named(found["log"].get("level"))
    if type(found.get("record")) is dict:
        level = found["record"].get("level")
        return _loguru(level.get("name")) if type(level) is dict else _UNTOLD
    if "@t" in found and "@l" not in found:
        return 9, "Information"
    if type(found.get("level")) is int:
        return _numbered(found, found["level"])
    if type(found.get("t")) is dict and type(found.get("s")) is str:
        return _MONGODB.get(found["s"][:1], 0), found["s"]
    return _component(found) if "ts" in found and "msg" in found else _UNTOLD


def _named(level: Any) -> tuple[int, str]:
    return (level_number(level), level) if type(level) is str else _UNTOLD


def _loguru(level: Any) -> tuple[int, str]:
    """Its own SUCCESS lies between info and warning."""
    return (10, level) if level == "SUCCESS" else _named(level)


def _numbered(found: dict[str, Any], level: int) -> tuple[int, str]:
    """A small number: GELF's and funcr's mean opposite things, so that only their other fields tell them apart."""
    if type(found.get("short_message")) is str:
        return syslog_severity(level), str(level)
    if type(found.get("logger")) is str and "msg" in found and 0 <= level < 10:
        return verbosity_severity(level), str(level)
    return _UNTOLD


def _component(found: dict[str, Any]) -> tuple[int, str]:
    """A component of Kubernetes: verbosity 4 is for debugging, more is tracing (its logging conventions)."""
    verbosity = found.get("v")
    if type(verbosity) is int and verbosity >= 0:
        return (9 if verbosity < 4 else 5 if verbosity == 4 else 1), str(verbosity)
    return (17, "err") if "err" in found else _UNTOLD


def take_inner_level(found: dict[str, Any]) -> None:
    """Remove the field that `implied_level` told a level by, where it says nothing else."""
    log = found.get("log")
    if type(log) is dict:
        log.pop("level", None)
        if not log:
            del found["log"]
    elif type(found.get("level")) is int:
        del found["level"]


def take_inner_text(found: dict[str, Any]) -> str | None:
    """Remove and return a message that stands inside of another field; None when there is none."""
    for outer, inner in (("record", "message"), ("fields", "message"), ("body", "stringValue")):
        holder = found.get(outer)
        if type(holder) is dict and type(holder.get(inner)) is str:
            text: str = holder.pop(inner)
            if not holder:
                del found[outer]
            return text
    return None


def rendered(template: str, found: dict[str, Any]) -> str:
    """Return a message template of CLEF with its values; those with a format are in ``@r``, in order."""
    formatted = iter(found["@r"] if type(found.get("@r")) is list else ())
    room = RENDERED_MAX

    def value(hole: re.Match[str]) -> str:
        nonlocal room
        if hole[1] is None:
            return hole[0][0]
        ready = next(formatted, None) if ":" in hole[0] else None
        known = ready if type(ready) is str else found.get(hole[1])
        text = str(known) if type(known) in (str, int, float) else hole[0]
        room -= len(text)
        return text if room >= 0 else hole[0]

    return _HOLE.sub(value, template)
