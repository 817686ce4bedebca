"""The settings that a stage would run with, for people to read: file and environment together, and no secret.

Secrets stand in settings as references, and are shown as such. What could be one all the same is masked: passwords in
addresses, and texts whose names sound like secrets. Sample::

    kafka:
      bootstrap_servers: kafka:9092  # from LOGFERRY_KAFKA__BOOTSTRAP_SERVERS
      properties:
        sasl.password: {env: KAFKA_PASSWORD}
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import yaml

from schemas.errors import SettingsError
from schemas.settings.environment import overlay
from schemas.settings.parts import Key
from schemas.settings.source import Finding, key_text, read_source

if TYPE_CHECKING:
    from schemas.settings import Settings

MASK: Final = "***"
FLOW_CHARACTERS: Final = 100
"""A list of plain values that is no longer stands in one line."""

_SHARED: Final = ("kafka", "topics", "metrics")
STAGES: Final[Mapping[str, tuple[str, ...]]] = {
    "produce": ("inputs", "producer"),
    "pods": ("pods",),
    "stream": (
        "stream", "parsers", "parse", "multiline", "http_status", "redaction", "transform", "attributes", "severity",
        "routes", "unmatched", "sampling", "quotas",
    ),
    "sink": ("routes",),
}  # fmt: skip
"""Stage -> the sections that it looks at beside those that all do. A sink learns from the routes in which format its
topics are."""

_LOGIN: Final = re.compile(r"(?<=://)(?:([^/?#\s:@]*):)?[^/?#\s]*@")
_IN_QUERY: Final = re.compile(r"([?&][^=&#\s]*(?:token|key|secret|sig|pass|auth)[^=&#\s]*=)[^&#\s]+", re.IGNORECASE)
_SOUNDS_SECRET: Final = re.compile(
    r"secret|passw|passphrase|token|credential|authorization|cookie|signature|sas_|jaas|key$|key_base64|key\.pem",
    re.IGNORECASE,
)
_HARMLESS: Final = re.compile(r"token\.endpoint|location|callback|application_credentials|_file$", re.IGNORECASE)
_MAPPINGS: Final = frozenset({"properties", "options", "headers"})
"""Mappings of texts to which anybody may add a name."""


class Origins(NamedTuple):
    """Where the values of settings come from, if they are no defaults."""

    file: dict[str, Any]
    """What the file holds."""
    variables: dict[Key, str]
    """Key -> the variable of the environment that set it."""

    @classmethod
    def of(cls, text: str, environ: Mapping[str, str]) -> Self:
        """Of a settings file that is right."""
        source = read_source(text, "")
        data = {} if isinstance(source, Finding) else source.data
        data = {key: value for key, value in data.items() if value is not None}
        return cls(data, dict(overlay(data, environ).variables))


def shown(settings: Settings, origins: Origins, *, defaults: bool = False) -> dict[str, Any]:
    """Settings as plain data, in the order of their models; without ``defaults`` only what somebody has set."""
    data = settings.model_dump(mode="json", by_alias=True, exclude_unset=not defaults)
    chosen = data if defaults else _set(data, origins.file, (), origins.variables)
    return {name: _shown(value, name) for name, value in chosen.items()}


def _set(data: dict[str, Any], file: object, key: Key, variables: Mapping[Key, str]) -> dict[str, Any]:
    """What of a mapping stands in the file or comes from a variable; beside the latter stand defaults."""
    chosen = {}
    for name, value in data.items():
        own = (*key, name)
        in_file = isinstance(file, dict) and name in file
        has_variables = any(at[: len(own)] == own for at in variables if at != own)
        if own in variables or (in_file and not has_variables):
            chosen[name] = value
        elif has_variables:
            below = file[name] if isinstance(file, dict) and in_file else None
            chosen[name] = _set(value, below, own, variables) if isinstance(value, dict) else value
    return chosen


def of_stage(data: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """What concerns one stage: produce, pods, stream, or sink:NAME. Raises SettingsError."""
    kind, _, name = stage.partition(":")
    if kind not in STAGES or (kind == "sink") != bool(name):
        raise SettingsError(f"there is no stage {stage!r}", remedy="choose produce, pods, stream or sink:NAME")
    sections = {*_SHARED, *STAGES[kind]}
    chosen = {section: value for section, value in data.items() if section in sections}
    if kind == "sink":
        if name not in data.get("sinks", {}):
            known = ", ".join(data.get("sinks", {})) or "none"
            raise SettingsError(
                f"there is no sink {name!r}", where="sinks in the settings", remedy=f"choose one of: {known}"
            )
        chosen["sinks"] = {name: data["sinks"][name]}
    return chosen


def as_yaml(data: Mapping[str, Any], variables: Mapping[Key, str]) -> str:
    """YAML with a comment behind each value that came from the environment."""
    return "".join(f"{line}\n" for line in _lines(data, (), variables)) or "{}\n"


def as_json(data: Mapping[str, Any], variables: Mapping[Key, str]) -> dict[str, Any]:
    """The same for machines."""
    named = {key_text(key): name for key, name in variables.items() if key[0] in data}
    return {"settings": dict(data), "from_environment": named}


# -- what must not be seen ---------------------------------------------------------------------------------------------


def _shown(value: Any, name: str, holder: str = "") -> Any:
    if isinstance(value, dict):
        if value.keys() <= {"env", "file"} and any(value.values()):
            return {key: each for key, each in value.items() if each is not None}  # a secret by reference
        return {key: _shown(each, str(key), name) for key, each in value.items()}
    if isinstance(value, list):
        return [_shown(each, name, holder) for each in value]
    if not isinstance(value, str):
        return value
    if holder in _MAPPINGS and _SOUNDS_SECRET.search(name) and not _HARMLESS.search(name):
        return MASK
    return masked(value)


def masked(text: str) -> str:
    """A text without the passwords of the addresses in it: ``http://user:***@host``."""

    def login(found: re.Match[str]) -> str:
        return f"{MASK}@" if found[1] is None else f"{found[1]}:{MASK}@"

    return _IN_QUERY.sub(rf"\1{MASK}", _LOGIN.sub(login, text))


# -- YAML --------------------------------------------------------------------------------------------------------------


def _lines(value: Any, key: Key, variables: Mapping[Key, str], indent: str = "") -> Iterator[str]:
    """Lines of a mapping or a list that is not empty."""
    steps = value.items() if isinstance(value, Mapping) else enumerate(value)
    for step, each in steps:
        own: Key = (*key, step)
        head = "-" if isinstance(step, int) else f"{_flow(step)}:"
        if _is_short(each):
            yield f"{indent}{head} {_flow(each)}{_comment(variables, own, whole=True)}"
            continue
        below = list(_lines(each, own, variables, f"{indent}  "))
        comment = _comment(variables, own, whole=False)
        if head == "-" and not comment:  # the first key stands behind the dash
            yield f"{indent}- {below[0].lstrip()}"
            yield from below[1:]
        else:
            yield f"{indent}{head}{comment}"
            yield from below


def _is_short(value: Any) -> bool:
    if isinstance(value, Mapping):
        return not value or value.keys() <= {"env", "file"}
    if isinstance(value, Sequence) and not isinstance(value, str):
        plain = not any(isinstance(each, Mapping | list) for each in value)
        return plain and len(_flow(value)) <= FLOW_CHARACTERS
    return True


def _flow(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"), sort_keys=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _comment(variables: Mapping[Key, str], key: Key, *, whole: bool) -> str:
    """The variable that set a key; for what stands in one line also those that set something within it."""
    names = [name for at, name in variables.items() if at == key or (whole and at[: len(key)] == key)]
    return f"  # from {', '.join(names)}" if names else ""
