"""Any bytes at all for the stream stage, again and again: no exception, no unbounded memory, a ledger that balances.

::

    python -m bench.fuzz_streams --secs 600
    python -m bench.fuzz_streams --seed 4711

Each seed makes sources of every framing, chunks as producers leave them or as nobody should, and settings that switch
on anything; the real worker takes them without Kafka (`bench.anything.offline` says what must be true then). A seed
that fails is printed with what is wrong, and is enough to see it again. Memory is asked for after the first tenth of
the time and at the end.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import psutil
import yaml

from bench.anything.chunks import Taste
from bench.anything.properties import PROPERTIES, Amounts
from bench.anything.standins import short_limits
from deploy.cli.output import print_json

GROWTH_MAX_MB: Final = 32.0
"""Memory may grow by so much behind the first tenth: caches of many settings fill slowly."""
SHOWN_MAX: Final = 20
_WARM_UP: Final = 0.1


@dataclass
class Figures:
    """What a run found."""

    seconds: float = 0.0
    seeds: int = 0
    chunks: int = 0
    lines: int = 0
    records: int = 0
    failures: dict[str, list[str]] = field(default_factory=dict)
    """By property the seeds, and what was wrong."""
    failed: int = 0
    warm_rss_mb: float = 0.0
    end_rss_mb: float = 0.0
    peak_rss_mb: float = 0.0

    def count(self, amounts: Amounts) -> None:
        """Add those of one seed."""
        self.seeds += 1
        self.chunks += amounts.chunks
        self.lines += amounts.lines
        self.records += amounts.records

    def failure(self, name: str, seed: int, problem: str) -> None:
        """One seed failed."""
        self.failed += 1
        shown = self.failures.setdefault(name, [])
        if len(shown) < SHOWN_MAX:
            shown.append(f"--seed {seed} --only {name}: {problem}")
            print(shown[-1], file=sys.stderr, flush=True)  # noqa: T201 - it may be hours until the end

    @property
    def grew(self) -> bool:
        """Whether memory went on growing."""
        return self.end_rss_mb - self.warm_rss_mb > GROWTH_MAX_MB


def one(seed: int, name: str, taste: Taste, figures: Figures) -> None:
    """One seed for one property."""
    try:
        problems, amounts = PROPERTIES[name](Random(seed), taste)
    except Exception:  # finding them is what this is for
        figures.failure(name, seed, traceback.format_exc(limit=-6))
        return
    figures.count(amounts)
    if problems:
        figures.failure(name, seed, " | ".join(problems[:3])[:1500])


def run(secs: float, first_seed: int, names: Sequence[str], taste: Taste) -> Figures:
    """Seed after seed, for so long; each for the next property."""
    figures, seed = Figures(), first_seed
    began = time.perf_counter()
    while (passed := time.perf_counter() - began) < secs:
        one(seed, names[seed % len(names)], taste, figures)
        seed += 1
        if not figures.warm_rss_mb and passed > secs * _WARM_UP:
            figures.warm_rss_mb = rss_mb()
        if seed % 50 == 0:
            figures.peak_rss_mb = max(figures.peak_rss_mb, rss_mb())
    figures.seconds, figures.end_rss_mb = passed, rss_mb()
    figures.peak_rss_mb = max(figures.peak_rss_mb, figures.end_rss_mb)
    return figures


def rss_mb() -> float:
    """Memory of this process, garbage aside, in MiB."""
    gc.collect()
    return round(float(psutil.Process().memory_info().rss) / 2**20, 1)


def lines_of(folder: Path) -> tuple[bytes, ...]:
    """Lines of golden files (`tests/streams/golden`) to begin from."""
    cases = [case for path in sorted(folder.glob("*.yaml")) for case in yaml.safe_load(path.read_text("utf-8"))]
    return tuple(case["line"].encode() for case in cases if isinstance(case.get("line"), str))


def main() -> int:
    """Run as a program; its end tells whether all was well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--secs", type=float, default=60.0, help="how long; 60 by default")
    parser.add_argument("--seed", type=int, help="only this seed")
    parser.add_argument("--only", choices=[*PROPERTIES], help="only this property; all in turn by default")
    parser.add_argument("--golden", type=Path, default=Path("tests/streams/golden"), help="golden files with lines")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)  # live rules, refused annotations: all of it is meant
    names = [asked.only] if asked.only else [*PROPERTIES]
    taste = Taste(sources=5, most_lines=12, lines=lines_of(asked.golden))
    with short_limits():
        if asked.seed is not None:
            figures = Figures()
            for name in names:
                one(asked.seed, name, taste, figures)
        else:
            figures = run(asked.secs, int.from_bytes(os.urandom(6), "big"), names, taste)
    told = asdict(figures)
    told["failures"] = dict(Counter({name: len(seeds) for name, seeds in figures.failures.items()}))
    print_json(told)
    return 1 if figures.failed or figures.grew else 0


if __name__ == "__main__":
    sys.exit(main())
