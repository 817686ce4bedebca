"""Sink ``file``: records in files of a folder, one for all or as many as the fields in its path make."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.settings.parts import NUMBER, AbsolutePath, Problem, ProblemsError, Seconds, Size, mistake, nearest
from schemas.settings.sinks.ordered import OrderedSink, TextFormat

PATH_FIELDS: Final = ("day", "namespace", "pod", "container", "node", "severity", "tag", "topic")
"""What may stand in braces in a path."""

_FIELD: Final = re.compile(r"\{([^{}]*)\}")


def _file_path(path: str) -> str:
    for name in _FIELD.findall(path):
        if name not in PATH_FIELDS:
            meant = nearest(name, PATH_FIELDS)
            remedy = f"did you mean {{{meant}}}?" if meant else f"choose from {', '.join(PATH_FIELDS)}"
            raise mistake(f"{{{name}}} is no field of a path", remedy)
    plain = _FIELD.sub("x", path)
    if "{" in plain or "}" in plain:
        raise mistake(f"{path!r} has a brace without its other half", "write {day} or {namespace}")
    if path.endswith("/") or ".." in plain.split("/") or "\0" in path:
        raise mistake(f"{path!r} names no file", "write it like /var/log/out/{day}/{namespace}.log")
    if "{" in path.split("/")[1]:
        raise mistake(f"{path!r} begins with a field", "begin with a folder of its own: /var/log/out/{day}.log")
    return path


class FileSink(OrderedSink):
    """Appends each record to a file, once, in the order of its topic."""

    type: Literal["file"]
    """The kind of sink."""

    path: Annotated[AbsolutePath, AfterValidator(_file_path)]
    """The file, or with fields in braces as many as there are values: {day}, {namespace}, {pod}, {container}, {node},
    {severity}, {tag}, {topic}. Folders are made. Characters of a value other than letters, digits, dots, dashes and
    underscores become underscores, so no value leads out of its folder; of no value is _none."""

    format: TextFormat = "json"
    """json: one document a line, with its id; line: time, tag, severity and message; original: the line as it was
    written. JSON by default, because it is the only one that holds everything."""

    fsync: bool = True
    """Have the disk confirm every batch before it is committed. Without, the loss of power (not of the process) may
    take the last seconds with it."""

    rotate_max_bytes: Size | None = None
    """Size at which a file is put aside under its name with the time behind it. None by default: fields in the path, or
    logrotate, do it as well; a file that is moved away or removed is begun anew within the next batch, also without
    SIGHUP."""

    rotate_max_age_secs: Seconds | None = None
    """Age at which a file is put aside, counted from when this process began to write it. None by default."""

    rotated_files_max: Annotated[int, Field(ge=0), NUMBER] | None = None
    """So many files that were put aside are kept for each path, older ones are removed. None, the default, keeps all of
    them, because nothing is removed by accident."""

    open_files_max: Annotated[int, Field(ge=1, le=10_000), NUMBER] = 64
    """Files that are open at a time; the one that was not written for longest is closed first. More paths than that
    within a batch cost an open and a close each."""

    state_file: AbsolutePath | None = None
    """Where the sink keeps how far each file and each partition is written: what makes records appear once after a
    crash. By default .logferry-<name of the sink>.json in the first folder of path that has no field. It must be on a
    disk that outlives the process, and of one process only."""

    @model_validator(mode="after")
    def _something_to_keep(self) -> Self:
        if self.rotated_files_max is not None and not (self.rotate_max_bytes or self.rotate_max_age_secs):
            problem = "rotated_files_max without rotation: no file is ever put aside"
            raise ProblemsError(
                [Problem(problem, "set rotate_max_bytes or rotate_max_age_secs", ("rotated_files_max",))]
            )
        return self
