"""Whether the settings that a pod of ours mounts are good there: with its variables, its secrets and its volumes."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import BaseModel

from schemas.errors import SettingsError
from schemas.settings import Settings, parse_settings
from schemas.settings.secret import Secret
from streams.core.parsers.user import parser_problems
from tests.deploy.kubernetes.objects import Object, containers, environment, settings_text

SECTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "produce": ("kafka", "producer", "inputs"),
    "pods": ("kafka", "pods"),
    "stream": ("kafka", "stream", "redaction"),
    "sink": ("kafka", "sinks"),
    "topics": ("kafka",),
}
"""By a stage's command: the sections in which files and secrets may be named that it opens."""
IN_EVERY_IMAGE: Final = ("/etc/ssl/certs", "/dev")
NO_PATHS: Final = ("log_group",)
"""Keys whose values look like paths: CloudWatch's groups are called so."""


def problems(objects: list[Object], template: Object) -> list[str]:
    """What is wrong with the settings as each container of our own sees them; nothing where all is well."""
    text = settings_text(objects, template)
    return [] if text is None else [each for one in containers(template) for each in _of_container(text, one, template)]


def is_of_ours(template: Object) -> bool:
    """Whether one of our stages runs in the pod."""
    return any(one.get("args", [""])[0] in SECTIONS for one in containers(template))


def _of_container(text: str, container: Object, template: Object) -> list[str]:
    command = container.get("args", [""])
    try:
        settings = parse_settings(text, "logferry.yaml", environment(container), [_parsers])
    except SettingsError as error:
        return [f"{container['name']}: {error}"]
    if command[0] not in SECTIONS:
        return []
    named = dict(_of_stage(settings, command))
    return [*_secrets_absent(named, container, template), *_files_absent(named, container)]


def _parsers(settings: Settings) -> Any:
    return parser_problems(settings.parsers, lambda: 0)


def _of_stage(settings: Settings, command: list[str]) -> Iterator[tuple[str, Any]]:
    """What the sections of a stage say, by its place: ("sinks.search.password", Secret(…)); of sinks only its own."""
    for section in SECTIONS[command[0]]:
        value = getattr(settings, section)
        if section == "sinks":
            yield from _walk(f"sinks.{command[1]}", value[command[1]])
        else:
            yield from _walk(section, value)


def _walk(place: str, value: object) -> Iterator[tuple[str, Any]]:
    match value:
        case Secret():
            yield place, value
        case BaseModel():
            for name in type(value).model_fields:
                yield from _walk(f"{place}.{name}", getattr(value, name))
        case dict():
            for name, each in value.items():
                yield from _walk(f"{place}.{name}", each)
        case list() | tuple():
            for number, each in enumerate(value):
                yield from _walk(f"{place}.{number}", each)
        case _:
            yield place, value


def _secrets_absent(named: Mapping[str, Any], container: Object, template: Object) -> list[str]:
    given = {each["name"] for each in container.get("env", [])}
    asked = {place: value.env for place, value in named.items() if isinstance(value, Secret) and value.env}
    if container.get("envFrom"):  # what is in a Secret of others is not known here
        return []
    return [
        f"{container['name']}: {place} is in {name}, no variable" for place, name in asked.items() if name not in given
    ]


def _files_absent(named: Mapping[str, Any], container: Object) -> list[str]:
    """Paths that the settings name and that lie below no mount (nor where the image has files of its own)."""
    mounts = [each["mountPath"] for each in container.get("volumeMounts", [])]
    places = [PurePosixPath(each) for each in (*mounts, *IN_EVERY_IMAGE)]
    found = []
    for place, value in named.items():
        path = None if place.endswith(NO_PATHS) else _path(value)
        if path is not None and not any(path.is_relative_to(each) for each in places):
            found.append(f"{container['name']}: {place} is {path}, below no mount")
    return found


def _path(value: object) -> PurePosixPath | None:
    text = value.file if isinstance(value, Secret) else value
    if isinstance(text, str) and text.startswith("file:///"):
        text = text.removeprefix("file://")
    return PurePosixPath(text) if isinstance(text, str) and text.startswith("/") else None
