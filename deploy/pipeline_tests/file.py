"""What may stand in a file of pipeline tests.

::

    settings: {routes: [{match: "**", minimum: error, topic: logs.errors}]}
    tests:
      - name: errors are kept
        source: {namespace: shop, pod: cart-1, labels: {app: cart}}
        lines: ["ERROR no such order", "INFO order 42 shipped"]
        expect:
          topics: {logs.errors: [{body: "ERROR no such order", severity: error}]}
          dropped: {unmatched: 1}

Mistakes are told as those in ``logferry.yaml`` are: with their lines, and what was probably meant.
"""

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from deploy.pipeline_tests.values import Moment, NaturalNumber, Plain, SeverityWord
from schemas.settings import QuotaRule, Route, SamplingRule, Settings, SeverityRule
from schemas.settings.parts import NUMBER, Problem, ProblemsError, ScalarText, Section, TopicName, mistake, nearest
from schemas.settings.redaction import RedactionRule

Name = Annotated[str, Field(min_length=1)]
Texts = dict[str, ScalarText]
TestedFraming = Literal["cri", "docker", "raw", "syslog", "journald", "forward", "otlp_json"]

REASONS = ("severity", "unmatched", "sampled", "excluded")
"""Why a line may be dropped."""


class LineSource(Section):
    """Where the lines come from."""

    namespace: Name | None = None
    """Kubernetes namespace. Null: `default`, where the source is a pod at all."""

    pod: Name | None = None
    """Name of the pod. Null: `app-0`."""

    container: Name | None = None
    """Name of the container. Null: `app`."""

    labels: Annotated[Texts, Field(examples=[{"app": "cart"}])] = {}
    """Labels of the pod, as logs.pods has them (with framing docker outside of Kubernetes: of the container)."""

    annotations: Annotated[Texts, Field(examples=[{"logferry.io/parser": "json"}])] = {}
    """Annotations of the pod."""

    image: Name | None = None
    """Image of the container."""

    resolved: bool = True
    """Whether logs.pods knows the pod. False: only what the path tells is known, so labels and annotations are not."""

    node: Name = "node-1"
    """Name of the node."""

    tag: Name | None = None
    """Tag that an input or a client gave. Null: the one that streams derive."""

    path: Name | None = None
    """File that the lines stand in. Null: one that fits the source."""

    framing: TestedFraming | None = None
    """How the lines are wrapped on their way. Null: cri for pods; raw where only a tag or a path is given."""

    encoding: Name | None = None
    """Encoding that the source declares, with framing raw. Null: UTF-8."""

    stream: Literal["stdout", "stderr"] = "stdout"
    """Stream of the lines that do not say theirs."""

    time: Moment = "2026-01-01T00:00:00Z"
    """Time of the first line; each one behind it is a millisecond later. Every clock that rules ask shows this time."""

    def over(self, other: "LineSource") -> "LineSource":
        """This source, with what only the other says."""
        given = {name: getattr(source, name) for source in (other, self) for name in source.model_fields_set}
        return LineSource.model_validate(given)


class WrittenLine(Section):
    """A line that is more than its text."""

    text: str | None = None
    """The text of the line. One of text, bytes and entry."""

    bytes: str | None = None
    """The line as bytes: Latin-1 text, so that a backslash, x and two digits in double quotes make any byte."""

    entry: dict[str, Plain] | None = None
    """With framing forward or journald: the fields of an entry."""

    stream: Literal["stdout", "stderr"] | None = None
    """Its stream. Null: that of the source."""

    after: Annotated[float, Field(ge=0), NUMBER] | None = None
    """Seconds since the line before. Null: a millisecond. With it a chunk begins, as when a producer reads again."""

    partial: bool = False
    """With framing cri or docker: it goes on in the next line of its stream."""

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if sum(each is not None for each in (self.text, self.bytes, self.entry)) != 1:
            raise mistake("a line has one content", "write one of text, bytes and entry")
        if any(ord(each) > 255 for each in self.bytes or ""):
            raise mistake("bytes has a character that is no byte", "write it as its bytes in UTF-8, or use text")
        return self


def _line_form(value: object) -> str:
    return "written" if isinstance(value, dict | WrittenLine) else "text"


Line = Annotated[Annotated[str, Tag("text")] | Annotated[WrittenLine, Tag("written")], Discriminator(_line_form)]


# -- live rules ----------------------------------------------------------------------------------------------------


class _Live(Section):
    id: Name | None = None
    """Id of the rule, as it stands behind a drop's reason. Null: its kind and its number, `severity-1`."""


class LiveSeverity(_Live, SeverityRule):
    """As `logferry level set` makes it."""

    kind: Literal["severity"]


class LiveRoute(_Live, Route):
    """As `logferry route set` makes it."""

    kind: Literal["route"]


class LiveSampling(_Live, SamplingRule):
    """As `logferry sampling set` makes it."""

    kind: Literal["sampling"]


class LiveQuota(_Live, QuotaRule):
    """As `logferry quota set` makes it."""

    kind: Literal["quota"]


class LiveRedaction(_Live, RedactionRule):
    """As `logferry redaction set` makes it."""

    kind: Literal["redaction"]


Live = Annotated[
    LiveSeverity | LiveRoute | LiveSampling | LiveQuota | LiveRedaction,
    Field(discriminator="kind"),
]


# -- what must come out --------------------------------------------------------------------------------------------


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


# -- the file ------------------------------------------------------------------------------------------------------


class PipelineTest(Section):
    """Lines, and what must come of them."""

    name: Name
    """The sentence that it proves."""

    source: LineSource = LineSource()
    """Where the lines come from; what is left out is as in the file's own `source`."""

    live: tuple[Live, ...] = ()
    """Live rules, in the order in which they were set: of two that fit, the later one decides."""

    lines: tuple[Line, ...] = ()
    """The lines, without what a runtime puts around them."""

    text: str | None = None
    """The same as one text, in place of `lines`."""

    verbatim: bool = False
    """The lines are as the runtime wrote them: `2026-01-01T00:00:00Z stdout F text` (cri), `{"log": …}` (docker)."""

    expect: Expectation = Expectation()
    """What must come of them."""

    @property
    def written(self) -> tuple[WrittenLine, ...]:
        """The lines, wherever they stand."""
        texts = self.text.removesuffix("\n").split("\n") if self.text is not None else ()
        return tuple(WrittenLine(text=line) if isinstance(line, str) else line for line in (*texts, *self.lines))

    @model_validator(mode="after")
    def _lines_stand_once(self) -> Self:
        if (self.text is None) == (not self.lines):
            raise mistake("a test has lines", "write either lines: [...] or text: |")
        return self


class PipelineTestFile(Section):
    """One file: the settings under test, and the tests."""

    config: Name | None = None
    """Settings file under test, from this file's folder on. Null: `settings`, or the one of the command line."""

    settings: Settings | None = None
    """Settings under test, in place of a file. The environment changes nothing about them."""

    source: LineSource = LineSource()
    """What the sources of all tests have in common."""

    tests: Annotated[tuple[PipelineTest, ...], Field(min_length=1)]
    """The tests."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problems = [
            Problem("stands twice as the name of a test", "give each its own", ("tests", index, "name"))
            for index, test in enumerate(self.tests)
            if Counter(each.name for each in self.tests[:index])[test.name]
        ]
        if self.config is not None and self.settings is not None:
            problems.append(Problem("there are settings already", "keep either settings or config", ("config",)))
        if problems:
            raise ProblemsError(problems)
        return self
