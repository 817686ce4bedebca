"""The rules of a worker: those of its settings and live ones, made ready to be used, and made anew when they change."""

from __future__ import annotations

import logging
import os
import time
from secrets import token_hex
from typing import TYPE_CHECKING

from runtime.kafka import read_file
from schemas.errors import SettingsError
from streams.core.redact import redactor_of
from streams.core.rules import Rules
from streams.core.treatment import Tools, Treatments

if TYPE_CHECKING:
    from runtime.metrics import Metrics
    from schemas.settings import Settings
    from schemas.settings.secret import Secret
    from streams.connections import Connections

_log = logging.getLogger(__name__)


class Rulebook:
    """Treatments by the rules in force."""

    def __init__(self, settings: Settings, connections: Connections, metrics: Metrics) -> None:
        """Raise SettingsError when a secret of the settings' own rules is not there."""
        redactor_of(settings.redaction, lambda secret: secret.resolve(os.environ, read_file))  # or refuse to start
        self._settings = settings
        self._control = connections.control
        self._make_topics = connections.make_topics
        self._metrics = metrics
        self._control.failed = lambda kind: metrics.count("logferry_stream_errors_total", 1, kind)
        self._own_key = token_hex()
        self._tools = Tools(settings, time.time_ns, self._secret)
        self.treatments = Treatments(Rules.of(settings), self._tools, self._make_topics)

    def load(self, timeout: float) -> None:
        """Read the live rules. Raises TemporaryError."""
        self._control.load(timeout)
        self._apply()

    def follow(self) -> bool:
        """Several times a second: whether other rules are in force now."""
        for problem in self.treatments.take_problems():
            _log.warning("%s", problem)
            self._metrics.count("logferry_stream_errors_total", 1, "annotation")
        changed = self._control.follow()
        if self._control.expire(time.time_ns()) or changed:
            self._apply()
            return True
        return False

    def measure(self) -> None:
        """Show which rules are in force."""
        self._control.measure(self._metrics)

    def _apply(self) -> None:
        rules = Rules.of(self._settings, self._control.rules, self.treatments.rules)
        for problem in rules.problems:
            self._tell(problem)
        self.treatments = Treatments(rules, self._tools, self._make_topics)
        self.measure()

    def _tell(self, problem: str) -> None:
        _log.error("%s", problem)
        self._metrics.count("logferry_stream_errors_total", 1, "rule")

    def _secret(self, secret: Secret) -> str:
        """A secret's value. Where a live rule names one that is not there, values are hashed all the same.

        They must not go out in the clear because of it, nor keep other rules from holding.
        """
        try:
            return secret.resolve(os.environ, read_file)
        except SettingsError as error:
            self._tell(f"values are hashed with a key of this worker's own, so that others hash them apart: {error}")
            return self._own_key
