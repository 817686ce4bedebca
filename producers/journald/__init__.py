"""Input ``journald``: the systemd journal."""

from producers.journald.journald import Journald

__all__ = ["Journald"]
