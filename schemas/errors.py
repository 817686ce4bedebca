"""The exceptions of logferry, split by what the caller should do.

::

    LogferryError
    ├── SettingsError    fix the settings or the command; exit status 2
    ├── TemporaryError   try again after `delay` seconds
    └── FatalError       give up: this process cannot go on; exit status 1

Bad input is never one of these: cores return it as a value.
"""

from __future__ import annotations


class LogferryError(Exception):
    """Something a person should read: what is wrong, where, and what to do about it."""

    exit_status = 1

    def __init__(self, problem: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        parts = (
            self.problem,
            f"where: {self.where}" if self.where else "",
            f"do: {self.remedy}" if self.remedy else "",
        )
        return "\n".join(part for part in parts if part)


class SettingsError(LogferryError):
    """The settings or the command line are wrong; trying again changes nothing."""

    exit_status = 2


class TemporaryError(LogferryError):
    """The other side cannot take it now; try again after `delay` seconds."""

    def __init__(self, problem: str, *, delay: float, where: str = "", remedy: str = "") -> None:
        super().__init__(problem, where=where, remedy=remedy)
        self.delay = delay


class FatalError(LogferryError):
    """This process cannot go on; a fresh start or a person is needed."""
