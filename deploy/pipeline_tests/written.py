"""The lines of a test as a producer would send them: values of logs.raw, and the pod as logs.pods has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from deploy.pipeline_tests.file import PipelineTest
from deploy.pipeline_tests.lines import LineSource, WrittenLine
from deploy.pipeline_tests.values import nanos_of
from deploy.pipeline_tests.writers import NANOS, WRITERS, Stamped, write_verbatim
from schemas.identity import incarnation, source_id
from schemas.settings.parts import Problem

STEP: Final = 1_000_000
"""Nanoseconds between two lines."""

POD_UID: Final = "00000000-0000-4000-8000-000000000001"

_INPUTS: Final = {
    "cri": "container_files",
    "docker": "docker_files",
    "raw": "files",
    "syslog": "syslog",
    "journald": "journald",
    "forward": "forward",
    "otlp_json": "http",
}
"""Framing -> type of the input that sends it."""
_PATHS: Final = {
    "raw": "/var/log/app.log",
    "syslog": "udp://192.0.2.1",
    "journald": "journal",
    "forward": "forward://192.0.2.1",
    "otlp_json": "http://192.0.2.1/v1/logs",
}
_LINES_OF_CONTAINERS: Final = ("cri", "docker")
_ENTRIES: Final = ("forward", "journald")


@dataclass(frozen=True)
class Chunk:
    """One value of logs.raw."""

    value: dict[str, Any]
    seconds: float
    """When it was read, since 1970."""


def framing_of(source: LineSource) -> str:
    """How the lines of a source are wrapped."""
    if source.framing is not None:
        return source.framing
    named = source.namespace or source.pod or source.container or source.labels or source.annotations
    return "raw" if (source.tag or source.path) and not named else "cri"


def is_pod(source: LineSource) -> bool:
    """Whether the lines are of a pod."""
    return framing_of(source) == "cri" or bool(source.namespace or source.pod)


def source_problems(source: LineSource, test: PipelineTest) -> Iterator[Problem]:
    """What does not fit together; keys are those within the test."""
    framing = framing_of(source)
    if test.verbatim and framing not in _LINES_OF_CONTAINERS:
        yield Problem(f"there is nothing around lines of framing {framing}", "leave it out", ("verbatim",))
    if source.encoding is not None and framing != "raw":
        yield Problem("only text has an encoding", "write framing: raw, or leave it out", ("source", "encoding"))
    if not is_pod(source) and source.annotations:
        yield Problem("only a pod has annotations", "add its namespace", ("source", "annotations"))
    for index, line in enumerate(test.lines):
        if isinstance(line, WrittenLine):
            for problem in _line_problems(framing, line, is_verbatim=test.verbatim):
                yield Problem(problem.problem, problem.remedy, ("lines", index, *problem.key))
    if source.encoding is not None and framing == "raw":
        yield from _unencodable(source.encoding, test)


def _line_problems(framing: str, line: WrittenLine, *, is_verbatim: bool) -> Iterator[Problem]:
    if line.entry is not None and framing not in _ENTRIES:
        yield Problem(f"framing {framing} has no entries", "write text, or framing: forward", ("entry",))
    if line.partial and (framing not in _LINES_OF_CONTAINERS or is_verbatim):
        yield Problem("only a line that a container runtime is to write can be partial", "leave it out", ("partial",))


def _unencodable(encoding: str, test: PipelineTest) -> Iterator[Problem]:
    try:
        "".join(line.text or "" for line in test.written).encode(encoding)
    except (LookupError, ValueError) as error:
        yield Problem(f"the lines cannot be written in {encoding}: {error}", "", ("source", "encoding"))


# -- chunks --------------------------------------------------------------------------------------------------------


def pods_of(source: LineSource) -> dict[str, dict[str, Any]]:
    """What logs.pods knows."""
    if not (is_pod(source) and source.resolved):
        return {}
    container = {"name": _container_name(source), "image": source.image or "example.org/app:1", "restart": 0}
    pod = {"labels": dict(source.labels), "annotations": dict(source.annotations), "containers": [container]}
    return {POD_UID: pod}


def chunks_of(source: LineSource, test: PipelineTest, most_lines: int = 0) -> Iterator[Chunk]:
    """The chunks of a test: one, and another wherever a line says how long after the one before it came.

    ``most_lines`` cuts them further; 0: no.
    """
    framing, start = framing_of(source), nanos_of(source.time)
    write = write_verbatim if test.verbatim else WRITERS[framing]
    position, life = 0, b""
    for group in _groups(_stamped(source, test, start), 1 if framing == "otlp_json" else most_lines):
        payload = b"".join(write(each, source.encoding) for each in group)
        if framing == "otlp_json" or not life:
            life, position = incarnation(_source_id(source), group[0].number, payload.partition(b"\n")[0]), 0
        offset = group[0].number if framing == "journald" else position
        nanos = group[-1].nanos
        yield Chunk(_chunk(source, framing, life, offset, nanos, payload), nanos / NANOS)
        position += len(payload)


def _stamped(source: LineSource, test: PipelineTest, start: int) -> Iterator[Stamped]:
    nanos = start
    for number, line in enumerate(test.written, 1):
        if number > 1:
            nanos += STEP if line.after is None else int(line.after * NANOS)
        yield Stamped(line, nanos, line.stream or source.stream, number)


def _groups(lines: Iterator[Stamped], most: int) -> Iterator[list[Stamped]]:
    group: list[Stamped] = []
    for each in lines:
        if group and (each.line.after is not None or len(group) == most):
            yield group
            group = []
        group.append(each)
    yield group


def _chunk(source: LineSource, framing: str, life: bytes, offset: int, nanos: int, payload: bytes) -> dict[str, Any]:
    return {
        "source": {
            "id": _source_id(source),
            "node": source.node,
            "kind": _INPUTS[framing],
            "framing": framing,
            "encoding": source.encoding,
            "tag": source.tag,
            "container": _container(source, framing),
        },
        "path": _path(source, framing),
        "restart": 0,
        "incarnation": life,
        "offset": offset,
        "observed_timestamp": nanos,
        "ended": False,
        "end_reason": None,
        "gap": None,
        "resumed": None if offset else {"inside_line": False, "open_streams": {}},
        "payload": payload,
    }


def _source_id(source: LineSource) -> str:
    framing = framing_of(source)
    names = (_namespace(source), _pod(source), POD_UID, _container_name(source)) if is_pod(source) else ()
    return source_id(source.node, _INPUTS[framing], *(names or (_path(source, framing),)))


def _path(source: LineSource, framing: str) -> str:
    if source.path is not None:
        return source.path
    if is_pod(source):
        return f"/var/log/pods/{_namespace(source)}_{_pod(source)}_{POD_UID}/{_container_name(source)}/0.log"
    return _PATHS.get(framing, f"/var/lib/docker/containers/{_container_name(source)}-json.log")


def _container(source: LineSource, framing: str) -> dict[str, Any] | None:
    told: dict[str, Any] = {
        "pod": "",
        "pod_uid": "",
        "name": _container_name(source),
        "id": None,
        "image": None,
        "labels": {},
    }
    if is_pod(source):
        return told | {"namespace": _namespace(source), "pod": _pod(source), "pod_uid": POD_UID}
    if framing == "docker":
        return told | {"namespace": "", "image": source.image, "labels": dict(source.labels)}
    return None


def _namespace(source: LineSource) -> str:
    return source.namespace or "default"


def _pod(source: LineSource) -> str:
    return source.pod or "app-0"


def _container_name(source: LineSource) -> str:
    return source.container or "app"
