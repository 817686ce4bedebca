"""Lines that prove themselves, and the judgement of the documents that were made of them.

::

    level=warn src=syslog-tcp seq=000042 the quick brown fox, grüßt 9e3779b97f4a7c15 sum=1a2b3c4d
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from bench.pipeline import Pipeline

Document = tuple[str, dict[str, Any]]
"""Id and source."""

_LINE = re.compile(r"(level=\w+ src=(\S+) seq=(\d+) .*) sum=([0-9a-f]{8})", re.DOTALL)


def line(source: str, number: int, level: str = "warn", *, size: int = 0) -> str:
    """A line of a source, padded to about ``size`` characters. Its characters are all in latin-1."""
    unique = f"{number * 0x9E3779B97F4A7C15 & (1 << 64) - 1:016x}"
    text = f"level={level} src={source} seq={number:06d} the quick brown fox, grüßt {unique}"
    text = text.ljust(size - 13, "x")
    return f"{text} sum={crc32(text.encode()):08x}"


def lines(source: str, count: int, level: str = "warn", *, first: int = 0, size: int = 0) -> list[str]:
    """``count`` lines from number ``first`` on."""
    return [line(source, number, level, size=size) for number in range(first, first + count)]


@dataclass
class Verdict:
    """What is wrong, by source; nothing is when it equals ``Verdict()``."""

    missing: dict[str, list[int]] = field(default_factory=dict)
    extra: dict[str, list[int]] = field(default_factory=dict)
    """Numbers that are there under two ids, or were never sent."""
    altered: list[str] = field(default_factory=list)
    """Messages that are no line, or whose checksum fails."""


def judge(documents: Iterable[Document], sent: Mapping[str, int]) -> Verdict:
    """Compare documents with how many lines each source sent, numbered from 0."""
    verdict = Verdict()
    seen: dict[str, dict[int, str]] = defaultdict(dict)
    for id_, document in documents:
        claim = _LINE.fullmatch(document["message"])
        if claim is None or crc32(claim[1].encode()) != int(claim[4], 16):
            verdict.altered.append(document["message"][:200])
            continue
        source, number = claim[2], int(claim[3])
        if seen[source].setdefault(number, id_) != id_ or number >= sent.get(source, 0):
            verdict.extra.setdefault(source, []).append(number)
    for source, count in sent.items():
        if absent := [number for number in range(count) if number not in seen[source]]:
            verdict.missing[source] = absent
    return verdict


def source_of(document: Mapping[str, Any]) -> str:
    """The source that a document's message names; empty: none."""
    claim = _LINE.fullmatch(document["message"])
    return "" if claim is None else claim[2]


def of_source(documents: Iterable[Document], source: str) -> dict[str, Any]:
    """One document of a source."""
    return next(document for _, document in documents if source_of(document) == source)


def route_everything(pipeline: Pipeline) -> None:
    """Send records of all tags to the topic that the pipeline's sinks read, not only those of Kubernetes."""
    pipeline.config.write_text(pipeline.config.read_text().replace("kube.**", "'**'"))
