"""From what stages say about themselves to totals: pure.

A counter begins at zero whenever its process does. `Figures` therefore keeps, for each stage, the sum of all runs that
have ended and the latest values of the one that goes on; what a killed process had counted after its last answer is
missing from the totals, never from the data.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from prometheus_client.parser import text_string_to_metric_families

from schemas.metrics import METRICS

Sample: TypeAlias = tuple[str, tuple[str, ...]]
"""Name of a metric, and its labels' values in the order of schemas.metrics."""
Samples: TypeAlias = Mapping[Sample, float]


def parse_metrics(text: str) -> dict[Sample, float]:
    """The samples of Prometheus text that schemas.metrics knows; nothing for text that is none."""
    try:
        found = [each for family in text_string_to_metric_families(text) for each in family.samples]
    except (ValueError, KeyError):  # a file cut short by a kill
        return {}
    return {
        (each.name, tuple(each.labels.get(label, "") for label in METRICS[each.name].labels)): each.value
        for each in found
        if each.name in METRICS
    }


@dataclass
class _Runs:
    """One stage through all its processes."""

    ended: defaultdict[Sample, float] = field(default_factory=lambda: defaultdict(float))
    latest: Samples = field(default_factory=dict)
    run: int = 0


class Figures:
    """Totals over all stages and all their runs. May be used from several threads."""

    def __init__(self) -> None:
        self._stages: dict[str, _Runs] = {}
        self._lock = threading.Lock()

    def take(self, stage: str, run: int, samples: Samples) -> None:
        """What a stage's process number ``run`` said last; an answer that comes after `end` is left out."""
        with self._lock:
            known = self._stages.setdefault(stage, _Runs())
            if run == known.run and samples:
                _add_what_fell(known, samples)
                known.latest = samples

    def end(self, stage: str, run: int, last: Samples) -> None:
        """Process number ``run`` has ended; ``last`` is what it left behind, empty if it could not."""
        self.take(stage, run, last)
        with self._lock:
            known = self._stages.setdefault(stage, _Runs())
            if run == known.run:
                for sample, value in known.latest.items():
                    known.ended[sample] += value if _is_counter(sample) else 0.0
                # What was waiting still waits while nobody is there to say so.
                known.latest = {sample: value for sample, value in known.latest.items() if not _is_counter(sample)}
                known.run = run + 1

    def by_labels(self, name: str, stages: Iterable[str] | None = None) -> dict[tuple[str, ...], float]:
        """Labels' values -> total of a metric, over the given stages or all."""
        total: defaultdict[tuple[str, ...], float] = defaultdict(float)
        with self._lock:
            for stage in self._stages if stages is None else stages:
                runs = self._stages.get(stage, _Runs())
                for sample, value in (*runs.ended.items(), *runs.latest.items()):
                    if sample[0] == name:
                        total[sample[1]] += value
        return dict(total)

    def by(self, name: str, label: str) -> dict[str, int]:
        """Value of one label -> total."""
        position = METRICS[name].labels.index(label)
        total: Counter[str] = Counter()
        for labels, value in self.by_labels(name).items():
            total[labels[position]] += int(value)
        return dict(sorted(total.items()))

    def total(self, name: str, stage: str | None = None) -> int:
        """Sum of a metric over all its labels, of one stage or all."""
        return int(sum(self.by_labels(name, None if stage is None else [stage]).values()))


def _is_counter(sample: Sample) -> bool:
    return METRICS[sample[0]].kind == "counter"


def _add_what_fell(known: _Runs, samples: Samples) -> None:
    """Keep a counter that begins again within one run, which a stage may do by starting itself anew."""
    for sample, value in known.latest.items():
        if _is_counter(sample) and samples.get(sample, 0.0) < value:
            known.ended[sample] += value


WINDOW_SECS: Final = 5.0


class Rate:
    """Increase per second of a total over the last seconds."""

    def __init__(self, window_secs: float = WINDOW_SECS) -> None:
        self._window_secs = window_secs
        self._points: deque[tuple[float, float]] = deque()

    def add(self, now: float, total: float) -> float:
        """The rate after ``total`` at ``now`` (any clock's seconds); 0 for the first point."""
        self._points.append((now, total))
        while len(self._points) > 2 and now - self._points[1][0] >= self._window_secs:
            self._points.popleft()
        (first, low), (last, high) = self._points[0], self._points[-1]
        return max(0.0, (high - low) / (last - first)) if last > first else 0.0
