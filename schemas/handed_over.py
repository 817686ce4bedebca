"""Settings as one process hands them to another: the same values under the same names, without what checks them.

Checking settings takes 30 MB of memory, which a process on every node would keep for ever. The command line checks them
and becomes the producer, which gets them in this form. Here is also what a setting can do besides having a value.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from schemas.errors import SettingsError

if TYPE_CHECKING:
    from schemas.settings import Settings

ReadFile = Callable[[str], str]


def secret_value(env: str | None, file: str | None, environ: Mapping[str, str], read_file: ReadFile) -> str:
    """The value of a secret by reference; raises SettingsError when the variable or the file is missing or empty."""
    place = f"environment variable {env}" if file is None else f"file {file}"
    try:
        value = environ.get(env or "", "") if file is None else read_file(file).rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"cannot read a secret: {error}", where=place, remedy="create it, or correct its path"
        ) from error
    if not value:
        raise SettingsError("a secret is missing", where=place, remedy="set it before starting")
    return value


class Carried:
    """A section of the settings."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.__dict__.update(values)


class CarriedSecret(Carried):
    """A secret by reference."""

    env: str | None
    file: str | None

    def resolve(self, environ: Mapping[str, str], read_file: ReadFile) -> str:
        """As schemas.settings.Secret does."""
        return secret_value(self.env, self.file, environ, read_file)


class CarriedKafka(Carried):
    """The section `kafka`."""

    properties: Mapping[str, Any]

    def client_properties(self, environ: Mapping[str, str], read_file: ReadFile) -> dict[str, str]:
        """As schemas.settings.KafkaSettings does."""
        resolved = {}
        for key, value in self.properties.items():
            resolved[key] = value if isinstance(value, str) else value.resolve(environ, read_file)
        return resolved


_FORMS: Mapping[str, type[Carried]] = {"Secret": CarriedSecret, "KafkaSettings": CarriedKafka}
_COMPUTED: Mapping[str, tuple[str, ...]] = {"TopicsSettings": ("names",), "Settings": ("routed_topics",)}


def _carried(value: Any) -> Any:
    fields = getattr(type(value), "model_fields", None)
    if fields is not None:
        kind = type(value).__name__
        names = (*fields, *_COMPUTED.get(kind, ()))
        return _FORMS.get(kind, Carried)({name: _carried(getattr(value, name)) for name in names})
    if isinstance(value, Mapping):
        return {key: _carried(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return tuple(_carried(each) for each in value)
    return value


def hand_over(settings: Settings) -> bytes:
    """The settings, for a process of ours."""
    return pickle.dumps(_carried(settings))


def take_over(handed_over: bytes) -> Settings:
    """The settings again. What a producer reads of them is there; it is no pydantic model any more."""
    return cast("Settings", pickle.loads(handed_over))  # noqa: S301 - from our own process
