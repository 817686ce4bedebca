"""What our own processes log, and how."""

from typing import Literal

from schemas.settings.parts import Section


class LoggingSettings(Section):
    """What each process of ours logs, on standard error; what it says before it has read the settings is text."""

    format: Literal["text", "json"] = "text"
    """text: a line to be read; json: one object a line, in which severity, error and process are fields, and which is
    marked by a field `logferry` so that it can be routed. Text by default, because a person starts it; charts set
    json."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """What is logged at least. debug is of our own code alone: the libraries that it uses stay at info, because some of
    them log each request, and lines about requests that carry lines would never end."""
