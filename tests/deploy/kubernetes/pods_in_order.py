"""What every container of ours must have: an image of one version, bounds, probes, files that it cannot write."""

from collections.abc import Callable, Iterator
from typing import Final

from tests.deploy.kubernetes.objects import Object, containers, name_of, templates

BOUNDS: Final = {"requests": {"cpu", "memory"}, "limits": {"memory"}}
"""A limit of CPU only makes a process wait that could work; memory is what a node can run out of."""
SERVES: Final = ("produce", "pods", "stream", "sink")


def problems(objects: list[Object]) -> list[str]:
    """One sentence for each thing that a container lacks."""
    return [
        f"{name_of(each)}: {container['name']} {problem}"
        for each, template in templates(objects)
        for container in containers(template)
        for check in CHECKS
        for problem in check(container)
    ]


def _image(container: Object) -> Iterator[str]:
    name, _, digest = container["image"].partition("@")
    tag = name.rsplit("/", 1)[-1].partition(":")[2]
    if not digest and tag in ("", "latest"):
        yield f"has no version in its image {container['image']}"


def _bounds(container: Object) -> Iterator[str]:
    given = container.get("resources", {})
    for kind, wanted in BOUNDS.items():
        for each in sorted(wanted - given.get(kind, {}).keys()):
            yield f"has no {each} among its {kind}"


def _probes(container: Object) -> Iterator[str]:
    """Stages serve their health; what only prepares them, or ends, does not."""
    if container.get("args", [""])[0] not in SERVES or "--check" in container["args"]:
        return
    for kind, path in (("startupProbe", "/live"), ("livenessProbe", "/live"), ("readinessProbe", "/ready")):
        if container.get(kind, {}).get("httpGet", {}).get("path") != path:
            yield f"has no {kind} that asks {path}"


def _file_system(container: Object) -> Iterator[str]:
    if container.get("securityContext", {}).get("readOnlyRootFilesystem") is not True:
        yield "can write to its root file system"


def _variables(container: Object) -> Iterator[str]:
    names = [each["name"] for each in container.get("env", [])]
    yield from (f"has {name} twice in its environment" for name in sorted({n for n in names if names.count(n) > 1}))


def _mounts(container: Object) -> Iterator[str]:
    paths = [each["mountPath"] for each in container.get("volumeMounts", [])]
    yield from (f"mounts {path} twice" for path in sorted({each for each in paths if paths.count(each) > 1}))


CHECKS: Final[tuple[Callable[[Object], Iterator[str]], ...]] = (
    _image,
    _bounds,
    _probes,
    _file_system,
    _variables,
    _mounts,
)
