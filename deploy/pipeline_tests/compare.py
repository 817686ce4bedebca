"""What was expected against what came out.

Both are put into the same words, what nobody asked for left out, so that their difference as text says all: a test
holds when the two texts are the same. What came out, in these words, is also what `update` writes into the file.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias

from deploy.pipeline_tests.align import aligned
from deploy.pipeline_tests.expected import Expectation, ExpectedLetter, ExpectedRecord
from deploy.pipeline_tests.run import Outcome
from deploy.pipeline_tests.yaml_text import yaml_text

View: TypeAlias = dict[str, Any]
Wanted: TypeAlias = View | str
"""A record as it is written in the file: some of its fields, or its body alone."""

SHORT_LINES: Final = 40
"""A difference within so many lines is shown with all that is around it."""
CONTEXT_LINES: Final = 6
LIKENESS_CHARACTERS: Final = 100
"""So many are looked at to find the record that was meant."""


@dataclass(frozen=True)
class Comparison:
    """Both sides, as they would stand in the file."""

    expected: View
    got: View
    unaccounted: int = 0

    @property
    def is_good(self) -> bool:
        """Whether everything is as it should be."""
        return not self.unaccounted and self.texts[0] == self.texts[1]

    @cached_property
    def texts(self) -> tuple[str, str]:
        """Both sides in YAML."""
        return yaml_text(self.expected), yaml_text(self.got)

    def diff(self) -> list[str]:
        """Lines that begin with a minus (expected only), a plus (came out only) or a space (both)."""
        expected, got = (text.splitlines() for text in self.texts)
        around = CONTEXT_LINES if max(len(expected), len(got)) > SHORT_LINES else SHORT_LINES
        found = list(difflib.unified_diff(expected, got, n=around, lineterm=""))[2:]
        return [line for line in found if not line.startswith("@@")] if around == SHORT_LINES else found


def compare(expect: Expectation, outcome: Outcome) -> Comparison:
    """Hold what came out against what was expected."""
    expected, got = _topics(expect, outcome)
    wanted_drops, found_drops = _drops(expect, outcome)
    sides: tuple[View, View] = ({"topics": expected}, {"topics": got})
    sides[0]["dropped"], sides[1]["dropped"] = wanted_drops, found_drops
    if expect.joined is not None:
        sides[0]["joined"], sides[1]["joined"] = expect.joined, outcome.joined
    sides[0]["dead_letters"], sides[1]["dead_letters"] = _letters(expect, outcome)
    if not expect.nothing_else:
        for side in sides:
            side["nothing_else"] = False
    left, right = ({name: value for name, value in side.items() if value not in ({}, [])} for side in sides)
    return Comparison(left, right, outcome.unaccounted)


def _topics(expect: Expectation, outcome: Outcome) -> tuple[View, View]:
    expected: View = {}
    got: View = {}
    for topic, records in expect.topics.items():
        came = outcome.topics.get(topic, [])
        if isinstance(records, int):
            expected[topic], got[topic] = records, len(came)
        else:
            wanted = [_wanted(each) for each in records]
            expected[topic] = wanted
            got[topic] = _lists(wanted, came, of_record, summary, keep_others=expect.nothing_else)
    if expect.nothing_else:
        others = {topic: records for topic, records in outcome.topics.items() if topic not in expect.topics}
        got |= {topic: [summary(each) for each in records] for topic, records in sorted(others.items())}
    return _without_empty(expected), _without_empty(got)


def _without_empty(topics: View) -> View:
    """A topic that is empty and should be says nothing."""
    return {topic: records for topic, records in topics.items() if records != []}


def _drops(expect: Expectation, outcome: Outcome) -> tuple[View, View]:
    left = dict(outcome.dropped)
    got: View = {}
    for reason in sorted(expect.dropped, key=len, reverse=True):  # severity/quiet before severity
        meant = [each for each in left if each == reason or each.startswith(f"{reason}/")]
        got[reason] = sum(left.pop(each) for each in meant)
    expected = {reason: amount for reason, amount in expect.dropped.items() if amount}
    found = {reason: got[reason] for reason in expect.dropped if got[reason]}
    return expected, found | (left if expect.nothing_else else {})


def _letters(expect: Expectation, outcome: Outcome) -> tuple[Any, Any]:
    if isinstance(expect.dead_letters, int):
        return expect.dead_letters, len(outcome.letters)
    wanted = [_given(each) for each in expect.dead_letters]
    return wanted, _lists(wanted, outcome.letters, of_letter, dict, keep_others=expect.nothing_else)


def _lists(
    wanted: Sequence[Any],
    came: Sequence[View],
    shown_as: Callable[[Any, View], Any],
    whole: Callable[[View], View],
    *,
    keep_others: bool,
) -> list[Any]:
    """What came, each put as the one that was wanted in its place; others in words of their own, or left out."""

    def difference(want: Any, record: View) -> float:
        return _difference(want, shown_as(want, record))

    pairs = aligned(wanted, came, difference, others_cost=keep_others)
    return [
        whole(record) if want is None else shown_as(want, record)
        for want, record in pairs
        if record is not None and (want is not None or keep_others)
    ]


def _difference(want: Any, found: Any) -> float:
    """0: the same; up to 1: nothing in common."""
    if _json(want) == _json(found):
        return 0.0
    if not isinstance(want, dict) or not isinstance(found, dict) or not want:
        return 1 - _likeness(want, found)
    return max(0.1, 1 - sum(_likeness(want[name], found.get(name)) for name in want) / len(want))


def _likeness(one: Any, other: Any) -> float:
    """1: the same; below 1: texts that have as many characters in common."""
    if not (isinstance(one, str) and isinstance(other, str)) or one == other:
        return float(_json(one) == _json(other))
    return 0.9 * difflib.SequenceMatcher(None, one[:LIKENESS_CHARACTERS], other[:LIKENESS_CHARACTERS]).quick_ratio()


def _json(value: Any) -> str:
    """Tells 1 from 1.0 and true."""
    return json.dumps(value)


# -- one record ----------------------------------------------------------------------------------------------------


def _wanted(record: ExpectedRecord | str) -> Wanted:
    if isinstance(record, str):
        return record
    given = _given(record)
    if "flags" in given:
        given["flags"] = sorted(given["flags"])
    return given


def _given(section: ExpectedRecord | ExpectedLetter) -> View:
    """What the file says, in the order of the model."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name in type(section).model_fields
        if name in section.model_fields_set
        for value in (getattr(section, name),)
    }


def of_letter(want: View, letter: View) -> View:
    """A dead letter, as far as the expected one speaks of it."""
    return {name: letter[name] for name in want}


def of_record(want: Wanted, record: View) -> Wanted:
    """A record, as far as the expected one speaks of it."""
    if isinstance(want, str):
        return str(record["body"])
    attributes: View = record["attributes"]
    parts: View = {name: _part(want.get(name, {}), record.get(name) or {}) for name in ("labels", "document")}
    asked = want.get("attributes", {})
    parts["attributes"] = _ordered(asked, attributes) if want.get("exact") else _part(asked, attributes)
    parts["absent"] = [name for name in want.get("absent", ()) if name not in attributes]
    known = {**record, **parts, "exact": want.get("exact")}
    names = [*want, "attributes"] if want.get("exact") and attributes and "attributes" not in want else want
    return {name: known[name] for name in names if name in known}


def _ordered(want: Any, found: Any) -> Any:
    """What was found, members that are asked for first, and in that order: objects have none of their own."""
    if isinstance(want, dict) and isinstance(found, dict):
        names = dict.fromkeys((*(name for name in want if name in found), *found))
        return {name: _ordered(want.get(name), found[name]) for name in names}
    if isinstance(want, list) and isinstance(found, list):
        return [_ordered(*pair) for pair in zip(want, found, strict=False)] + found[len(want) :]
    return found


def _part(want: Mapping[str, Any], found: Mapping[str, Any]) -> View:
    """The members that are asked for, also of objects within."""
    return {
        name: _part(value, found[name])
        if isinstance(value, dict) and isinstance(found[name], dict)
        else _ordered(value, found[name])
        for name, value in want.items()
        if name in found
    }


def summary(record: View) -> View:
    """A record that nobody expected, as somebody would write it down."""
    shown = {"body": record["body"], "severity": record["severity"]}
    shown |= {name: record[name] for name in ("attributes", "flags") if record[name]}
    return shown | ({"parser": record["parser"]} if record["parser"] != "text" else {})
