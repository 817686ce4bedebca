"""From what validation found to what a person reads: file, line, key, what is wrong, what was probably meant.

pydantic's own words, its type names and addresses never come through; what has no words of its own in `_EXPLAINED` is
told by what the JSON Schema expects at that place.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.errors import SettingsError
from schemas.settings.parts import Key, Problem, ProblemsError, nearest
from schemas.settings.secret import Secret
from schemas.settings.shape import Place, child, place_at
from schemas.settings.source import Finding, Source, key_text


class InvalidSettingsError(SettingsError):
    """Settings that cannot be used, with every mistake that was found."""

    def __init__(self, findings: tuple[Finding, ...], file: str) -> None:
        count = "one mistake" if len(findings) == 1 else f"{len(findings)} mistakes"
        super().__init__("\n".join((f"{file}: {count} in the settings", *(f"  {finding}" for finding in findings))))
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Origin:
    """Tells where values came from."""

    source: Source
    variables: Mapping[Key, str]

    def finding(self, key: Key, problem: str, remedy: str = "") -> Finding:
        """Return a finding at the variable that set the value or something around it, else at its line."""
        for depth in range(len(key), 0, -1):
            if key[:depth] in self.variables:
                return Finding(
                    f"environment variable {self.variables[key[:depth]]}", None, key_text(key), problem, remedy
                )
        return Finding(self.source.file, self.source.line(key), key_text(key), problem, remedy)


def explain(
    error: ValidationError, data: Mapping[str, Any], origin: Origin, root: Mapping[str, Any] | None = None
) -> tuple[Finding, ...]:
    """Return a finding for each mistake in the data, in the order of the file.

    `root` is the JSON Schema of the file; none: the settings'.
    """
    found = [
        origin.finding(problem.key, problem.problem, problem.remedy)
        for details in error.errors(include_url=False)
        if not _is_echo(details, data)
        for problem in _problems(details, data, root)
    ]
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: (finding.line or 0, finding.key)))


def _problems(details: ErrorDetails, data: Mapping[str, Any], root: Mapping[str, Any] | None) -> Iterator[Problem]:
    key = _key(details["loc"], data, missing=details["type"] == "missing")
    raised = details.get("ctx", {}).get("error")
    if isinstance(raised, ProblemsError):
        for problem in raised.problems:
            yield Problem(problem.problem, problem.remedy, (*key, *problem.key))
        return
    not_a_text = details["type"] == "string_type" and details["loc"][-1] == "[key]"
    tell = _not_a_text if not_a_text else _EXPLAINED.get(details["type"], _wrong_type)
    yield tell(key, details, place_at(key, data, root), data)


def _is_echo(details: ErrorDetails, data: Mapping[str, Any]) -> bool:
    """Tell a list that is too short only because what stands in it is wrong, which is reported already."""
    return details["type"] == "too_short" and bool(_value(_key(details["loc"], data, missing=False), data))


def _value(key: Key, data: object) -> Any:
    for step in key:
        data = child(data, step)
    return data


def _key(location: tuple[str | int, ...], data: object, *, missing: bool) -> Key:
    """Leave out of pydantic's location what is no key but the name of a model among several."""
    key: list[str | int] = []
    named: object = None
    for index, step in enumerate(location):
        if step == child(data, "type") and data is not named:
            named = data  # a model may have a key of its own name: type kafka, kafka
            continue
        there = child(data, step)
        exists = step in data if isinstance(data, dict) else there is not None
        if exists or (missing and index == len(location) - 1):
            key.append(step)
            data = there
    return tuple(key)


# -- one function for each kind of mistake -------------------------------------------------------------------------

Explain: TypeAlias = Callable[[Key, ErrorDetails, Place, Mapping[str, Any]], Problem]


def _unknown_key(key: Key, _details: ErrorDetails, place: Place, data: Mapping[str, Any]) -> Problem:
    known = place_at(key[:-1], data, place.root).keys
    meant = nearest(str(key[-1]), known)
    remedy = f"did you mean {meant}?" if meant else _elsewhere(str(key[-1]), place) or f"known here: {', '.join(known)}"
    return Problem("unknown key", remedy, key)


def _elsewhere(name: str, place: Place) -> str:
    top = place_at((), {}, place.root)
    homes = [section for section in top.keys if name in top.below(section).keys]
    return f"it belongs under {' or '.join(homes)}" if homes else ""


def _missing(key: Key, _details: ErrorDetails, place: Place, _data: Mapping[str, Any]) -> Problem:
    return Problem("is missing", f"add {_expected(place)}", key)


def _missing_type(key: Key, _details: ErrorDetails, place: Place, _data: Mapping[str, Any]) -> Problem:
    return Problem("is missing", f"choose from {', '.join(_types(place))}", (*key, _type_key(place)))


def _unknown_type(key: Key, details: ErrorDetails, place: Place, _data: Mapping[str, Any]) -> Problem:
    tag = str(details["ctx"].get("tag"))
    meant = nearest(tag, _types(place))
    remedy = f"did you mean {meant}?" if meant else f"choose from {', '.join(_types(place))}"
    return Problem(f"there is no {_type_key(place)} {tag}", remedy, (*key, _type_key(place)))


def _type_key(place: Place) -> str:
    return str((place.hint("discriminator") or {}).get("propertyName", "type"))


def _types(place: Place) -> list[str]:
    return list((place.hint("discriminator") or {}).get("mapping", ()))


def _choice(key: Key, details: ErrorDetails, place: Place, _data: Mapping[str, Any]) -> Problem:
    choices = [str(choice) for choice in place.hint("enum") or (place.hint("const"),)]
    # Of the 24 severities the six plain ones are what is meant; the others are known to who needs them.
    shown = [choice for choice in choices if not choice[-1:].isdigit() or choice.rstrip("234") not in choices]
    meant = nearest(str(details["input"]), choices)
    remedy = (f"did you mean {meant}? " if meant else "") + f"choose from {', '.join(shown)}"
    return Problem(f"{_shown(details['input'])} is not one of the choices", remedy, key)


def _wrong_type(key: Key, details: ErrorDetails, place: Place, _data: Mapping[str, Any]) -> Problem:
    if details["input"] is None:
        return Problem("has no value", f"expected {_expected(place)}; leave the key out for its default", key)
    # A secret that was written the wrong way must not come back in a message.
    found = "" if _may_be_secret(place) else f", found {_shown(details['input'])}"
    return Problem(f"expected {_expected(place)}{found}", _quotes(details, place), key)


def _may_be_secret(place: Place) -> bool:
    return any(node.get("title") == Secret.__name__ for node in place.nodes)


def _not_a_text(key: Key, details: ErrorDetails, _place: Place, _data: Mapping[str, Any]) -> Problem:
    return Problem(f"the key {_shown(details['input'])} is no text", "put it into quotes", key)


def _out_of_bounds(key: Key, details: ErrorDetails, _place: Place, _data: Mapping[str, Any]) -> Problem:
    words, name = _BOUNDS[details["type"]]
    return Problem(f"must be {words} {details['ctx'][name]:g}, found {_shown(details['input'])}", "", key)


def _empty(key: Key, _details: ErrorDetails, place: Place, _data: Mapping[str, Any]) -> Problem:
    return Problem("must not be empty", f"expected {_expected(place)}", key)


def _pattern(key: Key, details: ErrorDetails, place: Place, _data: Mapping[str, Any]) -> Problem:
    example = _example(place)
    remedy = f"for example {example}" if example else "use letters, digits, dots, dashes and underscores"
    return Problem(f"{_shown(details['input'])} is not written as expected", remedy, key)


_BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}

_EXPLAINED: Final[Mapping[str, Explain]] = {
    "invalid_key": _not_a_text,
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "union_tag_not_found": _missing_type,
    "union_tag_invalid": _unknown_type,
    "literal_error": _choice,
    "string_pattern_mismatch": _pattern,
    "too_short": _empty,
    "string_too_short": _empty,
    **dict.fromkeys(_BOUNDS, _out_of_bounds),
}


# -- words ---------------------------------------------------------------------------------------------------------

_KINDS: Final[Mapping[str, str]] = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def _expected(place: Place) -> str:
    words = [word for kind, word in _KINDS.items() if kind in place.kinds and kind != "null"]
    example = _example(place)
    return (" or ".join(words) or "a value") + (f" such as {example}" if example else "")


def _example(place: Place) -> str:
    examples = place.hint("examples") or [place.hint("const") or place.hint("default")]
    return "" if examples[0] in (None, [], {}, "") else _flow(examples[0])


def _flow(value: object) -> str:
    if isinstance(value, list):
        value = [one if not isinstance(one, list) else "…" for one in value]
        return f"[{', '.join(_flow(one) for one in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: …" for key in value) + "}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _shown(value: object) -> str:
    text = _flow(value) if isinstance(value, list | dict | bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _quotes(details: ErrorDetails, place: Place) -> str:
    scalar = isinstance(details["input"], int | float) and "string" in place.kinds
    return "put it into quotes" if scalar else ""
