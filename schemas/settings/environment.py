"""Settings from the environment, laid over those from the file.

``LOGFERRY_<SECTION>__<KEY>[__<KEY>…]``, upper or lower case: ``LOGFERRY_PRODUCER__NODE=node-1``,
``LOGFERRY_SINKS__SEARCH__HOSTS=http://a:9200,http://b:9200``, ``LOGFERRY_ROUTES__0__MINIMUM=warn``. Where a list or a
mapping is expected the value may be YAML, hence JSON; mappings are merged, lists replaced. `null` takes a value away.
Names of one's own are found in the file whatever their case, dashes or dots; new ones are lower case, and in
`kafka.properties` and `topics.overrides` an underscore stands for a dot
(``LOGFERRY_KAFKA__PROPERTIES__SECURITY_PROTOCOL``).

Other variables that begin with ``LOGFERRY_`` are not looked at: Kubernetes makes ``LOGFERRY_METRICS_PORT`` from the
name of a Service. pydantic-settings is not used because it knows neither where a value came from, nor mappings of
models, nor another environment than the process's own.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import yaml

from schemas.settings.parts import Key, nearest
from schemas.settings.shape import Place, child, place_at
from schemas.settings.source import Finding, key_text

PREFIX: Final = "LOGFERRY_"
_SEPARATOR: Final = "__"


@dataclass(frozen=True, slots=True)
class Overlaid:
    """Data of the file with the environment's over it."""

    data: dict[str, Any]
    variables: Mapping[Key, str]
    """Which variable set which key."""
    findings: tuple[Finding, ...]


def overlay(data: Mapping[str, Any], environ: Mapping[str, str]) -> Overlaid:
    """Lay the variables over the data, sections before their keys; unknown ones become findings."""
    result, variables, findings = deepcopy(dict(data)), dict[Key, str](), list[Finding]()
    for name in sorted(filter(_is_ours, environ), key=lambda name: (name.count(_SEPARATOR), name)):
        found = _find_key(name, result)
        if isinstance(found, Finding):
            findings.append(found)
            continue
        value = _value(environ[name], place_at(found, result))
        if isinstance(value, yaml.YAMLError):
            problem = f"not readable as YAML or JSON: {getattr(value, 'problem', value)}"
            findings.append(Finding(f"environment variable {name}", None, key_text(found), problem))
            continue
        _put(result, found, value)
        variables[found] = name
    return Overlaid(result, variables, tuple(findings))


def _is_ours(name: str) -> bool:
    if not name.upper().startswith(PREFIX):
        return False
    rest = name[len(PREFIX) :]
    return _SEPARATOR in rest or rest.lower() in place_at((), {}).keys


def _find_key(name: str, data: dict[str, Any]) -> Key | Finding:
    key: Key = ()
    for word in name[len(PREFIX) :].split(_SEPARATOR):
        place, there = place_at(key, data), _there(data, key)
        step = _step(word, place, there)
        if step is None:
            meant = nearest(word, _known(place, there))
            remedy = f"did you mean {_variable((*key, meant))}?" if meant else _choices(place)
            return Finding(
                f"environment variable {name}", None, key_text((*key, word.lower())), "no such setting", remedy
            )
        key = (*key, step)
    return key


def _step(word: str, place: Place, there: object) -> str | int | None:
    if isinstance(there, list):
        return int(word) if word.isdigit() and int(word) < len(there) else None
    same = {_plain(known): known for known in _known(place, there)}
    if _plain(word) in same:
        return same[_plain(word)]
    if not place.takes_any_key or not word:
        return None
    return word.lower().replace("_", place.hint("x-env-separator") or "_")


def _known(place: Place, there: object) -> list[str]:
    return [*place.keys, *(str(key) for key in there)] if isinstance(there, dict) else list(place.keys)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def _variable(key: Key) -> str:
    return PREFIX + _SEPARATOR.join(str(step).upper() for step in key)


def _choices(place: Place) -> str:
    return f"choose from {', '.join(place.keys)}" if place.keys else ""


def _there(data: dict[str, Any], key: Key) -> Any:
    """Return what stands at the key, or what would by default."""
    value: Any = data
    for depth, step in enumerate(key, start=1):
        value = child(value, step)
        if value is None:
            value = place_at(key[:depth], data).hint("default")
    return value


def _value(text: str, place: Place) -> Any:
    """Return what a variable's text means at its place: itself for scalars, YAML or words for the rest."""
    kinds = place.kinds
    if text.strip().lower() == "null":
        return None
    if not kinds & {"array", "object"} or ("string" in kinds and not text.lstrip().startswith(("[", "{"))):
        return text
    if kinds & {"array"} and not text.lstrip().startswith(("[", "{", "-")):
        return [word.strip() for word in text.split(",") if word.strip()]
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        return error


def _put(data: dict[str, Any], key: Key, value: Any) -> None:
    """Set a value, making what is missing on the way from defaults; leaves data of a wrong kind to be found later."""
    holder: Any = data
    for depth, step in enumerate(key[:-1], start=1):
        if child(holder, step) is None:
            default = place_at(key[:depth], data).hint("default")
            holder[step] = deepcopy(default) if isinstance(default, dict | list) else {}
        holder = child(holder, step)
        if not isinstance(holder, dict | list):
            return
    present = child(holder, key[-1])
    holder[key[-1]] = _merged(present, value) if isinstance(present, dict) and isinstance(value, dict) else value


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    both = {
        key: _merged(old[key], new[key])
        for key in old.keys() & new
        if isinstance(old[key], dict) and isinstance(new[key], dict)
    }
    return old | new | both
