"""What a pod asks for by its annotations.

==================================  ==============================================================
``logferry.io/exclude``             ``true``: nothing of it is kept
``logferry.io/minimum-severity``    a severity; live rules win over it, it wins over the settings
``logferry.io/parser``              name of a parser, instead of the settings' choice or detection
``logferry.io/multiline``           how lines are joined: off, auto, java,go, start:<expression> …
==================================  ==============================================================

With ``.<container>`` behind it an annotation is for that container alone, and wins over the one without. A value that
nobody understands changes nothing and is reported: a pod's author must not be able to stop the pod's logs by a typo.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final, NamedTuple, get_args

from schemas.globs import compile_globs
from schemas.settings.multiline import MultilineMode, parse_annotation
from schemas.settings.rules import AnnotationName, AnnotationRule
from schemas.severity import severity_number
from streams.core.rules.facts import Facts

PREFIX: Final = "logferry.io/"
NAMES: Final[tuple[str, ...]] = get_args(AnnotationName)

_SHOWN_CHARACTERS: Final = 60


class Wishes(NamedTuple):
    """What the annotations of a pod say about one container."""

    excluded: bool = False
    minimum: str | None = None
    """A spelling of a severity."""
    parser: str | None = None
    multiline: MultilineMode | None = None
    problems: tuple[str, ...] = ()


NOTHING: Final = Wishes()


class Obedience:
    """Which annotations are obeyed, by namespace."""

    def __init__(self, rules: Iterable[AnnotationRule]) -> None:
        self._rules = [(compile_globs(rule.namespaces), frozenset(rule.obey)) for rule in rules]

    def of(self, namespace: str) -> Collection[str]:
        """Names without prefix; all where no rule is for the namespace."""
        return next((obeyed for fits, obeyed in self._rules if fits(namespace)), NAMES)


def wishes(facts: Facts, parsers: Collection[str], obeyed: Collection[str] = NAMES) -> Wishes:
    """Read the annotations; ``parsers`` are the names that there are, ``obeyed`` what may be asked for."""
    told = {name: value for name in NAMES if (value := _asked(facts, name)) is not None}
    asked = {name: value for name, value in told.items() if name in obeyed}
    refused = tuple(
        f"annotation {PREFIX}{name} is not obeyed here (stream.annotations)" for name in told if name not in asked
    )
    if not asked:
        return Wishes(problems=refused) if refused else NOTHING
    exclude = asked.get("exclude", "false").strip().lower()
    multiline = parse_annotation(asked.get("multiline", ""))
    good = {
        "exclude": exclude in ("true", "false"),
        "minimum-severity": severity_number(asked.get("minimum-severity", "")) > 0,
        "parser": asked.get("parser") in parsers,
        "multiline": multiline is not None,
    }
    return Wishes(
        exclude == "true",
        asked.get("minimum-severity") if good["minimum-severity"] else None,
        asked.get("parser") if good["parser"] else None,
        multiline,
        (*refused, *(_problem(name, value) for name, value in asked.items() if not good[name])),
    )


def _asked(facts: Facts, name: str) -> str | None:
    of_container = facts.annotations.get(f"{PREFIX}{name}.{facts.container}")
    return of_container if of_container is not None else facts.annotations.get(PREFIX + name)


def _problem(name: str, value: str) -> str:
    shown = value if len(value) <= _SHOWN_CHARACTERS else value[:_SHOWN_CHARACTERS] + "…"
    return f"annotation {PREFIX}{name}: {shown!r} is not understood and changes nothing"
