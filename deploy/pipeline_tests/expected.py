"""What must come of the lines of a test, as a file says it."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from deploy.pipeline_tests.values import Moment, Name, NaturalNumber, Plain, SeverityWord, Texts
from schemas.settings.parts import Problem, ProblemsError, Section, TopicName, nearest

REASONS = ("severity", "unmatched", "sampled", "excluded")
"""Why a line may be dropped."""


class ExpectedRecord(Section):
    """One record: what is given must be so, what is left out may be anything."""

    body: str | None = None
    """The message, or the whole line."""

    original: str | None = None
    """The whole line, where it is not the body. Null: the body is the whole line."""

    severity: SeverityWord | None = None
    """Severity by name, or `unknown`."""

    severity_text: str | None = None
    """The level as it was written."""

    attributes: Annotated[dict[str, Plain], Field(examples=[{"status": 200}])] = {}
    """Attributes with their values. There may be others, also within objects, unless `exact` is true."""

    absent: tuple[Name, ...] = ()
    """Names of attributes that the record must not have."""

    exact: bool = False
    """No attributes but those that are given."""

    parser: Name | None = None
    """The parser that read it."""

    flags: tuple[Name, ...] = ()
    """All flags, in any order."""

    stream: Literal["stdout", "stderr"] | None = None
    """Its stream."""

    timestamp: Moment | None = None
    """Its time."""

    trace_id: str | None = None
    """W3C trace id."""

    span_id: str | None = None
    """W3C span id."""

    tag: Name | None = None
    """Its tag."""

    namespace: str | None = None
    """Kubernetes namespace; null: none."""

    pod: str | None = None
    """Pod; null: none."""

    container: str | None = None
    """Container; null: none."""

    labels: Texts = {}
    """Labels of its pod; there may be others."""

    resolved: bool | None = None
    """Whether logs.pods knew its pod; null: it is of none. Topics of `format: json` do not tell."""

    document: dict[str, Plain] = {}
    """With `format: json`: parts of the document as Elasticsearch gets it."""


def _record_form(value: object) -> str:
    return "body" if isinstance(value, str) else "record"


Expected = Annotated[
    Annotated[str, Tag("body")] | Annotated[ExpectedRecord, Tag("record")], Discriminator(_record_form)
]
"""A text is a record's body."""


class ExpectedLetter(Section):
    """One dead letter."""

    reason: Name | None = None
    """unreadable_framing, unsupported_framing, record_too_long."""

    message: str | None = None
    """What was wrong, in words."""

    original: str | None = None
    """The bytes; those that are not UTF-8 as backslash, x and two digits."""

    redacted: bool | None = None
    """Whether something was taken out of them."""


def _list_form(value: object) -> str:
    return "list" if isinstance(value, list | tuple) else "number"


Records = Annotated[
    Annotated[NaturalNumber, Tag("number")] | Annotated[tuple[Expected, ...], Tag("list")], Discriminator(_list_form)
]
"""All records of a topic, in order; a number: so many."""
Letters = Annotated[
    Annotated[NaturalNumber, Tag("number")] | Annotated[tuple[ExpectedLetter, ...], Tag("list")],
    Discriminator(_list_form),
]


class Expectation(Section):
    """What must come of the lines."""

    topics: dict[TopicName, Records] = {}
    """By topic the records that go there. A record that goes to two stands in both."""

    dropped: Annotated[dict[str, NaturalNumber], Field(examples=[{"severity": 2}])] = {}
    """How many lines are dropped, by reason: severity, unmatched, sampled, excluded; where a live rule decided, perhaps
    with its id: severity/quiet."""

    joined: NaturalNumber | None = None
    """How many lines became part of a record that began before. Null: any."""

    dead_letters: Letters = ()
    """What cannot be read, in order."""

    nothing_else: bool = True
    """Nothing but that may come out. False: there may be other topics, drops, and records between these."""

    @model_validator(mode="after")
    def _reasons_exist(self) -> Self:
        problems = [
            Problem("nothing is dropped for this reason", _meant(reason), ("dropped", reason))
            for reason in self.dropped
            if reason.partition("/")[0] not in REASONS
        ]
        if problems:
            raise ProblemsError(problems)
        return self


def _meant(reason: str) -> str:
    meant = nearest(reason, REASONS)
    return f"did you mean {meant}?" if meant else f"choose from {', '.join(REASONS)}"
