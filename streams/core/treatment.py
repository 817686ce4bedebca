"""What is done to the records of one source, ready to be used: the plan of the rules, with its tools made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from streams.core.attribute_limits import AttributeLimits
from streams.core.multiline import Multiline, multiline_of
from streams.core.parsers import PARSERS, json, text
from streams.core.parsers.detect import Detection
from streams.core.parsers.http_status import with_statuses
from streams.core.parsers.parsed import Parser
from streams.core.parsers.user import user_parser
from streams.core.redact import Redactor, redactor_of
from streams.core.rules import SEVERITIES, Destinations, Facts, Plan, Rules
from streams.core.transform import Transform, transform_of

if TYPE_CHECKING:
    from schemas.settings import Settings
    from schemas.settings.secret import Secret

TREATMENTS_REMEMBERED: Final = 10_000
MULTILINE_TIMEOUT_SECS: Final = 1.0
NANOS: Final = 1_000_000_000

Read: TypeAlias = Callable[[bytes, Parser], tuple[Parser, Any]]
"""The parser of a line and what it read. The second argument is the parser of the source's line before."""


@dataclass(frozen=True, slots=True, eq=False)
class Treatment:
    """What happens to the records of one source."""

    plan: Plan
    topics: tuple[Destinations, ...]
    """Those of the plan."""
    read: Read
    chosen: str | None
    """Name of the parser that somebody chose; None: formats are detected."""
    reads_json: bool
    """A line that is a JSON object is read as one and nothing more is asked of it."""
    is_careful: bool
    """Rules look into the records."""
    multiline: Multiline | None
    multiline_timeout: int
    """Nanoseconds between two lines of one record."""
    redactor: Redactor | None
    transform: Transform | None
    tells_severity: bool
    """A transform may give a record another severity, so that what a line says first decides nothing."""


class Tools:
    """What treatments are made with: one set for a worker, whatever its rules."""

    def __init__(self, settings: Settings, clock: Callable[[], int], secret_of: Callable[[Secret], str]) -> None:
        """``clock`` gives nanoseconds since 1970, for times that leave out the year; ``secret_of`` fetches a secret."""
        self.secret_of: Final = secret_of
        statuses = settings.http_status.numbers()
        built_in = {name: with_statuses(parser, statuses) for name, parser in PARSERS.items()}
        own = {name: with_statuses(user_parser(name, each, clock), statuses) for name, each in settings.parsers.items()}
        self.parsers: Final[Mapping[str, Parser]] = {**built_in, **own}
        self.limits: Final = AttributeLimits(settings.attributes)
        self._detection: Final = Detection(built_in)
        self._json: Final = built_in["json"]
        self._text: Final = built_in["text"]

    def detected(self, content: bytes, last: Parser) -> tuple[Parser, Any]:
        """A line of whatever format it has."""
        if content[:1] == b"{":
            found = json.read(content)
            if found is not None:
                return self._json, found
        return self._detection.read(content, last)

    def unread(self, _content: bytes, _last: Parser) -> tuple[Parser, Any]:
        """A line that nobody wants."""
        return self._text, text.NOTHING

    def chosen(self, name: str) -> Read:
        """Lines of one format; the others are text."""
        parser = self.parsers[name]

        def read(content: bytes, _last: Parser) -> tuple[Parser, Any]:
            found = parser.read(content)
            return (self._text, text.read(content)) if found is None else (parser, found)

        return read


class Treatments:
    """Treatments by source, for one set of rules."""

    def __init__(
        self, rules: Rules, tools: Tools, make_topics: Callable[[frozenset[str]], None] = lambda _names: None
    ) -> None:
        """``make_topics`` is told of topics that nobody has made beforehand, before a record is made for them."""
        self.rules = rules
        self.limits = tools.limits
        self._tools = tools
        self._make_topics = make_topics
        self._problems: dict[str, None] = {}
        self._made: dict[int, Treatment] = {}
        """By the identity of the plan, which the treatment keeps alive."""
        self._redactors: dict[tuple[Any, ...], Redactor | None] = {}

    def of(self, facts: Facts) -> Treatment:
        """What happens to the records of a source."""
        plan = self.rules.plan(facts)
        made = self._made.get(id(plan))
        if made is None:
            if len(self._made) >= TREATMENTS_REMEMBERED:
                self._made.clear()
            made = self._made[id(plan)] = self._make(plan, facts)
        return made

    @property
    def redactors(self) -> list[Redactor]:
        """All that were made."""
        return [each for each in self._redactors.values() if each is not None]

    def take_problems(self) -> list[str]:
        """What pods ask for that nobody understands, told once for each."""
        problems = list(self._problems)
        self._problems.clear()
        return problems

    def _make(self, plan: Plan, facts: Facts) -> Treatment:
        for problem in plan.problems:
            self._problems[f"{facts.namespace}/{facts.pod}: {problem}"] = None
        if plan.on_demand:
            self._make_topics(plan.on_demand)
        tools = self._tools
        chosen = None if plan.parser in (None, "auto") else plan.parser
        excluded = not any(plan.topics)
        redactor = self._redactor(plan.redaction_rules)
        transform = transform_of(plan.transform_rules, facts)
        is_careful = not excluded and any(
            each is not None for each in (plan.conditional, plan.sampling, plan.quota, redactor, transform)
        )
        mode, timeout = _multiline(plan)
        return Treatment(
            plan,
            plan.topics,
            tools.unread if excluded else tools.detected if chosen is None else tools.chosen(chosen),
            chosen,
            chosen in (None, "json") and not is_careful and not excluded,
            is_careful,
            None if excluded else multiline_of(mode),
            int(timeout * NANOS),
            redactor,
            transform,
            any("severity" in rule.promote.values() for rule in plan.transform_rules),
        )

    def _redactor(self, rules: tuple[Any, ...]) -> Redactor | None:
        """One for all sources with the same rules: making it compiles regular expressions."""
        key = tuple(map(id, rules))
        if key not in self._redactors:
            self._redactors[key] = redactor_of(rules, self._tools.secret_of)
        return self._redactors[key]


def _multiline(plan: Plan) -> tuple[Any, float]:
    """How lines are joined, and how long one is waited for in seconds."""
    mode = "auto" if plan.multiline is None else plan.multiline
    timeout = getattr(plan.multiline_rule, "timeout_secs", None) or MULTILINE_TIMEOUT_SECS
    return mode, timeout


__all__ = ["SEVERITIES", "Destinations", "Read", "Tools", "Treatment", "Treatments"]
