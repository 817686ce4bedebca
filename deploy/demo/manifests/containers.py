"""One container of a manifest: whose image it has, what it runs, and what its variables are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from deploy.demo.manifests.objects import Container, ValueFrom
from deploy.demo.pods import ContainerSpec, FieldRef, Mount
from schemas.errors import SettingsError

ConfigMaps: TypeAlias = Mapping[tuple[str, str], Mapping[str, str]]
"""Namespace and name -> key -> text."""

IMAGES: Final = ("logferry", "logferry-node")
"""Ours, from any registry and with any tag; they run with this Python."""
PROGRAMS: Final = ("logferry", "python")
ENTRYPOINT: Final = ("logferry",)


def container_spec(
    container: Container, namespace: str, maps: ConfigMaps, where: str, role: Literal["main", "init", "sidecar"]
) -> ContainerSpec:
    """What a container runs. Raises SettingsError for what cannot be run here."""
    where = f"{where}, container {container.name}"
    if _repository(container.image) not in IMAGES:
        raise SettingsError(
            f"the demo cannot run image {container.image}", where=where, remedy=f"it runs {' and '.join(IMAGES)} only"
        )
    argv = (container.command or ENTRYPOINT) + container.args
    if argv[0] not in PROGRAMS:
        raise SettingsError(
            f"the demo cannot run {argv[0]}", where=where, remedy=f"begin command with {' or '.join(PROGRAMS)}"
        )
    mounts = tuple(Mount(each.name, each.mount_path) for each in container.volume_mounts)
    variables = _variables(container, namespace, maps, where)
    return ContainerSpec(container.name, argv, container.image, variables, mounts, role)


def _repository(image: str) -> str:
    """The last part of an image's name, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def _variables(container: Container, namespace: str, maps: ConfigMaps, where: str) -> dict[str, str | FieldRef]:
    found: dict[str, str | FieldRef] = {}
    for each in container.env_from:
        for key, text in _config_map(maps, namespace, each.config_map_ref.name, where).items():
            found[f"{each.prefix}{key}"] = text
    for variable in container.env:
        source = variable.value_from
        value = variable.value if source is None else _value(source, namespace, maps, f"{where}, {variable.name}")
        if value is not None:
            found[variable.name] = value
    return found


def _value(source: ValueFrom, namespace: str, maps: ConfigMaps, where: str) -> str | FieldRef | None:
    if source.field_ref is not None:
        return FieldRef(source.field_ref.field_path)
    if source.config_map_key_ref is None:
        raise SettingsError("its valueFrom is empty", where=where, remedy="write fieldRef or configMapKeyRef")
    wanted = source.config_map_key_ref
    if wanted.optional and wanted.key not in maps.get((namespace, wanted.name), {}):
        return None
    values = _config_map(maps, namespace, wanted.name, where)
    if wanted.key not in values:
        raise SettingsError(f"ConfigMap {wanted.name} has no {wanted.key}", where=where, remedy="add it there")
    return values[wanted.key]


def _config_map(maps: ConfigMaps, namespace: str, name: str, where: str) -> Mapping[str, str]:
    if (namespace, name) not in maps:
        raise SettingsError(
            f"no manifest has ConfigMap {namespace}/{name}", where=where, remedy="name the file that has it as well"
        )
    return maps[namespace, name]
