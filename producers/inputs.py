"""The inputs of a producer by the type that the settings give them. One more is a line here.

Those that listen are imported only where they are configured: their packages are extras.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from producers.files.input import FileInput
from producers.files.layouts import LAYOUTS
from producers.files.life import ReadLimits
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from producers.core.files.checkpoint import Marks
    from producers.files.watch import Watch
    from producers.intake import NetworkInput
    from schemas.settings import Settings

NETWORK_INPUTS: Final[Mapping[str, tuple[str, str, str]]] = {
    "syslog": ("producers.syslog", "Syslog", "producer"),
    "forward": ("producers.forward", "ForwardServer", "forward"),
    "http": ("producers.http_input", "HttpServer", "http"),
    "journald": ("producers.journald", "Journald", "journald"),
}
"""Type -> module, class (made of the entry's name, its settings and the node's name), and extra that it needs."""


def started(name: str) -> str:
    """Name of the position that says that an input has run before."""
    return f"started/{name}"


def file_inputs(
    settings: Settings, node: str, marks: Marks, watch: Watch, *, unknown_bytes: int = 0
) -> list[FileInput]:
    """The entries of `inputs` that read files, made. ``unknown_bytes`` as in ReadLimits."""
    producer = settings.producer
    limits = ReadLimits(
        producer.chunk_max_bytes, producer.line_max_bytes, producer.unterminated_line_secs, unknown_bytes
    )
    readable: dict[str, Any] = {name: each for name, each in settings.inputs.items() if each.type in LAYOUTS}
    return [
        FileInput(name, each, LAYOUTS[each.type](each, node), marks, limits, watch) for name, each in readable.items()
    ]


def network_inputs(settings: Settings, node: str) -> dict[str, NetworkInput]:
    """The entries of `inputs` that listen, made, by name. Raises SettingsError where an extra is missing."""
    made = {}
    for name, each in settings.inputs.items():
        if each.type in LAYOUTS:
            continue
        module, class_name, extra = NETWORK_INPUTS[each.type]
        try:
            factory = getattr(import_module(module), class_name)
        except ModuleNotFoundError as error:
            raise SettingsError(
                f"the packages for inputs of type {each.type} are not installed: {error.name} is missing",
                where=f"inputs.{name}",
                remedy=f"pip install 'logferry[{extra}]'",
            ) from error
        made[name] = factory(name, each, node)
    return made
