"""Input that reads the systemd journal."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from schemas.settings.parts import SIZE, AbsolutePath, Seconds, Section, mistake


def _match(text: str) -> str:
    if not re.fullmatch(r"[A-Z_][A-Z0-9_]*=.*", text, re.DOTALL):
        raise mistake(f"{text!r} is not FIELD=value", "write for example _TRANSPORT=stdout; fields are upper case")
    return text


class JournaldInput(Section):
    """Entries of the systemd journal: kubelet, container runtime, kernel, any unit.

    Needs libsystemd 245 or later on the node or in the image (Debian's package libsystemd0).
    """

    type: Literal["journald"]
    """The kind of input."""

    units: tuple[str, ...] = ()
    """Globs over units; without any, all are read. kubelet means kubelet.service; entries without a unit go by the
    names kernel, audit and journal. What systemd itself says of a unit belongs to the unit."""

    exclude_units: tuple[str, ...] = ()
    """Globs over units that are not read, for example logferry* so that a producer's own log does not feed itself."""

    identifiers: tuple[str, ...] = ()
    """Globs over SYSLOG_IDENTIFIER; without any, all are read."""

    max_priority: Literal["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"] | None = None
    """Least urgent priority that is read: warning reads warning, err, crit, alert and emerg. An entry without priority
    is read. By default all are, for the severity rules of the stream stage can be changed at any time."""

    matches: tuple[Annotated[str, AfterValidator(_match)], ...] = ()
    """Conditions FIELD=value as journalctl takes them: of one field any value, of several fields all."""

    start_at: Literal["beginning", "boot", "end"] = "beginning"
    """Where to begin without a saved position: at the oldest entry, at the first since this machine started, or behind
    the newest. At the beginning, because entries written before the producer came up are logs too."""

    path: AbsolutePath | None = None
    """Folder with journal files, for example a journal of the host mounted into a container. By default those of this
    system: /var/log/journal and /run/log/journal. Journals of other machines need an input each."""

    namespace: str | None = None
    """Journal namespace (LogNamespace= of a unit) to be read instead of the default one."""

    tag: Annotated[str, Field(min_length=1)] | None = None
    """Tag of every entry; by default host.<unit>, without .service."""

    poll_interval_secs: Seconds = 0.1
    """How often the journal's end is looked at. journald tells of new entries only a quarter of a second after the
    first, too late for a line to reach Kafka within 250 ms; a look costs some 50 µs."""

    chunk_max_bytes: Annotated[int, Field(ge=4096, le=4_194_304), SIZE] = 262_144
    """Most entries of one chunk, in bytes; an entry longer than this is a chunk of its own."""

    entry_max_bytes: Annotated[int, Field(ge=65_536, le=6_291_456), SIZE] = 4_194_304
    """Longest entry. Of a longer one (a core dump in the journal) the longest fields are cut, the entry says so in
    LOGFERRY_INCOMPLETE, and it is counted. Below Kafka's max.message.bytes, which logferry sets to 8 MiB."""

    blocks_in_flight: Annotated[int, Field(ge=1, le=1024)] = 16
    """Most blocks of entries (each of up to chunk_max_bytes) sent and not acknowledged. Memory is bounded by the
    producer's memory_max_bytes as well."""

    @model_validator(mode="after")
    def _one_place(self) -> "JournaldInput":
        if self.path is not None and self.namespace is not None:
            raise mistake(
                "path and namespace exclude each other", "the files of a namespace lie in a folder of their own"
            )
        return self
