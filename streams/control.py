"""The live rules that `logs.control` holds, kept up to date: set with `logferry level set` and the like."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from runtime.compacted import CompactedReader
from schemas.codec import Codec, Undecodable
from schemas.settings.live import SECTIONS
from streams.core.rules.in_force import LiveRules, Unusable, read_rule
from streams.core.rules.live import LiveRule

if TYPE_CHECKING:
    from runtime.metrics import Metrics
    from schemas.settings import Settings

_log = logging.getLogger(__name__)


class ControlTable:
    """The rules in force. `follow` and `expire` are asked every 50 to 100 ms, so a rule holds that soon."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._topic = settings.topics.names.control
        self._reader = CompactedReader(settings.kafka, self._topic)
        self._codec = Codec("rule")
        self._live = LiveRules()
        self.failed: Callable[[str], object] = lambda _kind: None
        """Hears of failures, by kind, to count them."""

    @property
    def rules(self) -> tuple[LiveRule, ...]:
        """All kinds, newest first."""
        return self._live.newest_first

    @property
    def version(self) -> int:
        """Offset of the last record of the topic that this worker knows; -1: none."""
        return self._reader.offset

    def load(self, timeout: float) -> None:
        """Read all that is there. Raises TemporaryError."""
        self._take(self._reader.load(timeout))
        self._live.expire(time.time_ns())
        _log.info("%d live rules in force; %s read to offset %d", len(self.rules), self._topic, self.version)

    def follow(self) -> bool:
        """Take in what has come since; whether the rules in force are others now."""
        before = self.rules
        for rule in self._take(self._reader.poll()):
            _log.info("live %s rule %s, version %d, by %s: %s", rule.kind, *_shown(rule))
        self._live.expire(time.time_ns())
        return self.rules != before

    def expire(self, now_nanos: int) -> bool:
        """Drop what has expired; whether there was any."""
        over = self._live.expire(now_nanos)
        for rule in over:
            _log.info("live %s rule %s, version %d, by %s has expired: %s", rule.kind, *_shown(rule))
        return bool(over)

    def measure(self, metrics: Metrics) -> None:
        """Show which rules this worker has."""
        metrics.set("logferry_stream_control_offset", self.version)
        for kind in SECTIONS:
            metrics.set("logferry_stream_live_rules", sum(rule.kind == kind for rule in self.rules), kind)

    def _take(self, changes: Iterable[tuple[str, bytes | None]]) -> list[LiveRule]:
        taken = []
        for key, value in changes:
            if value is None:
                self._live.remove(key)
                continue
            rule = self._read(key, value)
            if isinstance(rule, LiveRule):
                self._live.put(rule)
                taken.append(rule)
            else:
                self.failed("rule")
                disabled = ", so its version before is not in force any more" if self._live.remove(key) else ""
                _log.error("%s: rule %s is not used%s: %s", self._topic, key, disabled, rule.problem)
        return taken

    def _read(self, key: str, value: bytes) -> LiveRule | Unusable:
        decoded = self._codec.decode(value)
        if isinstance(decoded, Undecodable):
            return Unusable(key, decoded.message)
        return read_rule(key, decoded, self._settings)

    def close(self) -> None:
        """Let go of the connection."""
        self._reader.close()


class NoControl:
    """Stands for a topic without rules, where those of the settings alone are to hold."""

    rules: tuple[LiveRule, ...] = ()
    version = -1
    failed: Callable[[str], object]

    def load(self, _timeout: float) -> None:
        """There is nothing to read."""

    def follow(self) -> bool:
        """Nothing ever comes."""
        return False

    def expire(self, _now_nanos: int) -> bool:
        """Nor ends."""
        return False

    def measure(self, _metrics: Metrics) -> None:
        """Nor is shown."""

    def close(self) -> None:
        """There is no connection."""


def _shown(rule: LiveRule) -> tuple[str, int, str, str]:
    return rule.id, rule.version, rule.author, rule.reason
