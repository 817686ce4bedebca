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

from pydantic import Field, model_validator

from deploy.pipeline_tests.expected import Expectation
from deploy.pipeline_tests.lines import Line, LineSource, WrittenLine
from deploy.pipeline_tests.values import Name
from schemas.settings import QuotaRule, Route, SamplingRule, Settings, SeverityRule
from schemas.settings.parts import Problem, ProblemsError, Section, mistake
from schemas.settings.redaction import RedactionRule

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
