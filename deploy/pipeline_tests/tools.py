"""What tests of the same settings share: parsers and detection, which take a while to be made."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

from streams.core.attribute_limits import AttributeLimits
from streams.core.treatment import Tools

if TYPE_CHECKING:
    from schemas.settings import Secret, Settings

KEY_OF_HASHES: Final = "logferry test"
"""Stands for every secret key of redaction, so that hashes are the same wherever a test is run."""


class ToolBox:
    """Tools of a worker with some settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[int, Tools] = {}

    def at(self, nanos: int) -> Tools:
        """Tools of a worker that has seen nothing yet, whose clocks show some nanoseconds since 1970."""
        if nanos not in self._made:
            self._made = {nanos: Tools(self._settings, lambda: nanos, _no_secret)}
        tools = copy.copy(self._made[nanos])
        # They remember the names of attributes, and no test may see those of another.
        vars(tools)["limits"] = AttributeLimits(self._settings.attributes)
        return tools


def _no_secret(_secret: Secret) -> str:
    return KEY_OF_HASHES
