"""All rules, compiled: what they mean for a source is worked out once and remembered.

Rules never change. When live rules do, there is a new `Rules`; what must outlive it (the topics that fields made, what
is used of quotas) is handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from schemas.globs import compile_globs
from schemas.settings.parsers import CHOICES
from schemas.settings.rules import QuotaRule, Route, SamplingRule, SeverityRule
from streams.core.rules.accept import accepted
from streams.core.rules.annotations import Obedience, Wishes, wishes
from streams.core.rules.facts import Facts, Selecting, Selector, selector
from streams.core.rules.live import Known, LiveRule, in_order
from streams.core.rules.plan import Plan, Tables, excluded, tables
from streams.core.rules.quota import Quota, Quotas
from streams.core.rules.routes import CompiledRoute, Destinations
from streams.core.rules.sampling import Sampling
from streams.core.rules.severity import Gates
from streams.core.rules.topics import DynamicTopics, TopicNaming

if TYPE_CHECKING:
    from schemas.settings import Settings

PLANS_REMEMBERED: Final = 50_000
LOOK_UPS_REMEMBERED: Final = 4_096
"""Each keeps a source's labels alive, which may have come with a single chunk."""

_Key = tuple[object, ...]
_Rule = TypeVar("_Rule", bound=Selecting)


class Rules:
    """The rules of the settings and live ones before them."""

    def __init__(
        self,
        settings: Settings,
        live: Sequence[LiveRule] = (),
        *,
        made: DynamicTopics | None = None,
        quotas: Quotas | None = None,
    ) -> None:
        """``made`` and ``quotas`` are shared by all rules of a worker."""
        live, self.problems = accepted(settings, live)
        self.quotas = quotas or Quotas()
        self.made = made or DynamicTopics(settings.topics.dynamic_max)
        self._gates = Gates(in_order("severity", SeverityRule, live, settings.severity))
        routes = [known.rule for known in in_order("route", Route, live, settings.routes)]
        self._routes = [CompiledRoute(route) for route in routes]
        self._unmatched: Destinations = () if settings.unmatched == "drop" else (settings.unmatched,)
        self._made_beforehand = frozenset(settings.routed_topics)
        self._naming = TopicNaming(settings.topics.names.fixed, self._formats(routes, settings), self.made)
        self._sampling = _selected(in_order("sampling", SamplingRule, live, settings.sampling))
        self._quotas = [
            (compile_globs(known.rule.namespaces), known.rule, known.rule_id)
            for known in in_order("quota", QuotaRule, live, settings.quotas)
        ]
        self._delayed = settings.topics.names.delayed
        self._redaction = _every("redaction", live, settings.redaction)
        self._transform = _every("transform", live, settings.transform)
        self._parse = _every("parse", (), settings.parse)
        self._multiline = _every("multiline", (), settings.multiline)
        self._parsers = frozenset((*settings.parsers, *CHOICES))
        self._obedience = Obedience(settings.stream.annotations)
        self._looked_up: dict[_Key, tuple[Plan, Mapping[str, str], Mapping[str, str]]] = {}
        self._plans: dict[_Key, Plan] = {}
        self._tables: dict[Tables, Tables] = {}

    @classmethod
    def of(cls, settings: Settings, live: Sequence[LiveRule] = (), before: Rules | None = None) -> Rules:
        """The rules of some settings; ``before`` are those that they take the place of in the same worker."""
        if before is None:
            return cls(settings, live)
        return cls(settings, live, made=before.made, quotas=before.quotas)

    @property
    def redaction_rules(self) -> tuple[Any, ...]:
        """All of them, for whatever source."""
        return tuple(rule for _, rule in self._redaction)

    def plan(self, facts: Facts) -> Plan:
        """What happens to the lines of a source."""
        tag, namespace, pod, container, labels, annotations, node = facts
        key = (tag, namespace, pod, container, id(labels), id(annotations), node)
        found = self._looked_up.get(key)
        if found is None:
            if len(self._looked_up) >= LOOK_UPS_REMEMBERED:
                self._looked_up.clear()
            # The mappings are kept with it, so that no other gets the same id.
            found = self._looked_up[key] = (self._known(facts), labels, annotations)
        return found[0]

    def _known(self, facts: Facts) -> Plan:
        """The plan of sources about which the same is known, though the mappings may be others."""
        asked = wishes(facts, self._parsers, self._obedience.of(facts.namespace))
        key = (*facts[:4], frozenset(facts.labels.items()), asked, facts.node)
        plan = self._plans.get(key)
        if plan is None:
            if len(self._plans) >= PLANS_REMEMBERED:
                self._plans.clear()
                self._tables.clear()
            plan = self._plans[key] = self._compile(facts, asked)
        return plan

    def _compile(self, facts: Facts, asked: Wishes) -> Plan:
        found = excluded() if asked.excluded else self._routed(facts, asked)
        found = self._tables.setdefault(found, found)
        parser = asked.parser or getattr(_first(self._parse, facts), "parser", None)
        multiline = None if asked.multiline else _first(self._multiline, facts)
        return Plan(
            topics=found.topics,
            drop_reasons=found.drop_reasons,
            drop_details=found.drop_details,
            namespace=facts.namespace,
            minimum=found.minimum,
            conditional=found.conditional,
            json_topics=found.json_topics,
            on_demand=found.on_demand,
            sampling=self._sampling_of(facts),
            quota=self._quota_of(facts.namespace),
            redaction_rules=tuple(rule for is_for, rule in self._redaction if is_for(facts)),
            transform_rules=tuple(rule for is_for, rule in self._transform if is_for(facts)),
            multiline_rule=multiline,
            parser=None if parser == "auto" else parser,
            multiline=asked.multiline or getattr(multiline, "mode", None),
            problems=asked.problems,
        )

    def _routed(self, facts: Facts, asked: Wishes) -> Tables:
        gate = self._gates.of(facts, asked.minimum)
        steps = [route.step(facts, self._naming) for route in self._routes if route.is_for(facts)]
        return tables(gate, steps, self._unmatched, self._made_beforehand)

    def _sampling_of(self, facts: Facts) -> Sampling | None:
        """Each plan has its own, since it counts what it keeps."""
        found = _first(self._sampling, facts)
        return Sampling(found.rule, found.rule_id) if found else None

    def _quota_of(self, namespace: str) -> Quota | None:
        for fits, rule, rule_id in self._quotas:
            if namespace and fits(namespace):
                topic = rule.topic or self._delayed
                return Quota(self.quotas, namespace, rule.bytes_per_minute, topic, rule_id)
        return None

    def _formats(self, routes: Iterable[Route], settings: Settings) -> dict[str, str]:
        """Encoding of each topic that is named in full."""
        plain = {route.topic: route.format for route in routes if not route.template.fields}
        return dict.fromkeys((*self._unmatched, *settings.delayed_topics), "avro") | plain


def _selected(rules: Iterable[Known[_Rule]]) -> list[tuple[Selector, Known[_Rule]]]:
    return [(selector(known.rule), known) for known in rules]


def _every(kind: str, live: Iterable[LiveRule], settled: Iterable[Any]) -> list[tuple[Selector, Any]]:
    """Rules of a kind that is applied elsewhere: live ones, then those of the settings."""
    rules = [known.rule for known in in_order(kind, object, live, tuple(settled))]
    return [(selector(rule), rule) for rule in rules]


def _first(rules: Iterable[tuple[Callable[[Facts], bool], Any]], facts: Facts) -> Any:
    return next((rule for is_for, rule in rules if is_for(facts)), None)
