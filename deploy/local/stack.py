"""The local stack: start, wait until truly ready, stop; adopt what is ours, refuse what is somebody else's.

::

    with Stack(default_data_folder(Path.cwd())) as stack:
        print(stack.endpoints.bootstrap_servers)

A data folder has one owner at a time. A second start is refused while the owner lives. When an owner dies without
stopping, its guard stops the servers; when servers were left running (`detached`, or the guard was killed too), the
next start adopts them after checking that they are the same processes and answer by the stack's name. Records,
documents and ports stay from start to start.
"""

from __future__ import annotations

import logging
import os
import textwrap
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from deploy.local import elasticsearch, kafka, object_store, processes
from deploy.local.cache import Cache, default_cache_folder
from deploy.local.data import prepare_folder
from deploy.local.elasticsearch import Elasticsearch
from deploy.local.endpoints import Endpoints, endpoints_of
from deploy.local.kafka import Kafka
from deploy.local.object_store import ObjectStore
from deploy.local.ownership import Ownership
from deploy.local.ports import holder, is_free, settle
from deploy.local.processes import ProcessId, is_alive, last_lines
from deploy.local.progress import Progress, Report, Step, silent
from deploy.local.server import Place, Server, Tools
from deploy.local.state import Identity, read_identity, write_identity
from deploy.local.users import make_folder, server_user
from schemas.errors import FatalError

log = logging.getLogger(__name__)

SERVERS: Final[Mapping[str, Callable[[Place], Server]]] = {
    elasticsearch.NAME: Elasticsearch,  # first, since it takes longest
    kafka.NAME: Kafka,
    object_store.NAME: ObjectStore,
}
USES: Final[Mapping[str, tuple[str, ...]]] = {
    elasticsearch.NAME: elasticsearch.USES,
    kafka.NAME: kafka.USES,
    object_store.NAME: object_store.USES,
}
"""The ports of each server."""

READY_SECS: Final = 180.0
"""A start that takes longer has failed; a slow machine with a cold disk needs 30 s."""
GRACE_SECS: Final = 5.0
"""From SIGTERM to SIGKILL."""
POLL_SECS: Final = 0.1

HINTS: Final[Mapping[str, str]] = {
    "No space left on device": "free some disk space, then start again",
    "There is insufficient memory": "free some memory (the servers need about 2 GB), then start again",
    "Cannot allocate memory": "free some memory (the servers need about 2 GB), then start again",
    "(exit status -9)": "somebody killed it; if that was the kernel, free about 2 GB of memory, then start again",
    "Address already in use": "start again: another port will be chosen",
}
"""What a server's last lines mean, where that is known."""


class Stack:
    """The servers of one data folder. Not for use by several threads at once."""

    def __init__(
        self,
        data: Path,
        *,
        servers: Sequence[str] = (kafka.NAME, elasticsearch.NAME),
        object_store: bool = False,
        brokers: int = 1,
        cache: Path | None = None,
    ) -> None:
        """Nothing is started yet.

        `servers`: names from SERVERS. `object_store`: an S3 endpoint as well. `brokers`: of Kafka; those after the
        first are servers too (kafka-2, kafka-3). A folder keeps the number that it began with. `cache`: folder of the
        downloads, if not the usual one.
        """
        self.data = data.absolute()
        self._brokers = kafka.names(brokers)
        asked = {*servers, *(("object_store",) if object_store else ())}
        self._names = [name for name in SERVERS if name in asked]
        self._names += self._brokers[1:] if kafka.NAME in asked else ()
        self._user = server_user()
        folder = cache or default_cache_folder(os.environ, is_root=self._user is not None)
        self._cache = Cache(folder.absolute(), self._user)
        self._identity = read_identity(self.data / "stack.json")
        self._ownership: Ownership | None = None
        self._processes: dict[str, ProcessId] = {}
        self._tools: dict[str, Tools] = {}

    def start(self, report: Report = silent, *, detached: bool = False) -> None:
        """Return when every server answers as it should. `detached`: leave them running when this process ends.

        Raises FatalError when another process owns the folder, or a download or a server fails (nothing is left
        running then); SettingsError when the data or cache folder cannot be used.
        """
        if self._ownership:
            return
        prepare_folder(self.data, self._user)
        self._ownership = Ownership(self.data, report)
        try:
            self._adopt(self._ownership.survivors, report)
            self._settle_ports(report)
            self._bring_up([name for name in self._names if name not in self._processes], report)
        except BaseException:
            self.stop()
            raise
        if detached:
            self._release()

    def stop(self) -> None:
        """Stop every server, gently for up to GRACE_SECS, and give the folder up. Without a start: nothing."""
        if self._ownership:
            self._end(self._processes)
            self._release()

    def restart(self, server: str, report: Report = silent) -> None:
        """Stop one server and start it again on the same ports. Raises FatalError."""
        self.stop_server(server)
        self.start_server(server, report)

    def stop_server(self, server: str) -> None:
        """Stop one server gently; its ports stay its own."""
        self._end([server])

    def kill(self, server: str) -> None:
        """SIGKILL one server, as a crash would."""
        processes.kill(self._processes[server])
        self._forget([server])

    def start_server(self, server: str, report: Report = silent) -> None:
        """Start one server that was stopped or died, on the same ports. Raises FatalError if those are taken."""
        if self._ownership is None or server not in self._names:
            raise FatalError(f"{server} is not one of the servers of a started stack", where=str(self.data))
        if self.is_alive(server):
            return
        taken = [port for port in map(self._identity.ports.__getitem__, self._uses(server)) if not is_free(port)]
        if taken:
            raise FatalError(f"port {taken[0]} of {server} is taken by {holder(taken[0])}", where=str(self.data))
        self._bring_up([server], report)

    def pid(self, server: str) -> int | None:
        """The process id of a running server, else None. It leads a process group of its own."""
        return self._processes[server].pid if self.is_alive(server) else None

    def is_alive(self, server: str) -> bool:
        """Whether the server's process runs."""
        return server in self._processes and is_alive(self._processes[server])

    def log_file(self, server: str) -> Path:
        """Where the server's output goes."""
        return self.data / "logs" / f"{server}.log"

    @property
    def endpoints(self) -> Endpoints:
        """Where the servers answer. Known once they were started."""
        return endpoints_of(
            self._place(kafka.NAME),
            with_object_store=object_store.NAME in self._names,
            brokers=len(self._brokers),
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        self.stop()

    # How it is done ---------------------------------------------------------------------------------------------------

    def _adopt(self, survivors: Mapping[str, ProcessId], report: Report) -> None:
        """Keep servers that run without an owner, if they are wanted and answer by our name; stop the others."""
        self._identity = read_identity(self.data / "stack.json")
        self._processes = dict(survivors)
        ready = [n for n in survivors if n in self._names and self._identity.ports and self._server(n).is_ready()]
        self._end([name for name in survivors if name not in ready])
        for name in ready:
            report(Progress(Step.READY, name, note=f"(was running, process {survivors[name].pid})"))

    def _settle_ports(self, report: Report) -> None:
        known = (*SERVERS, *self._brokers[1:])
        kept = {use: self._identity.ports[use] for name in self._processes for use in self._uses(name)}
        others = [use for name in known if name not in self._processes for use in self._uses(name)]
        chosen, moved = settle(str(self.data), others, self._identity.ports)
        self._identity = Identity(self._identity.name, kept | chosen)
        write_identity(self.data / "stack.json", self._identity)
        for change in moved:
            log.warning("%s", change)
            report(Progress(Step.NOTE, change.use, note=str(change)))

    def _bring_up(self, names: Sequence[str], report: Report) -> None:
        if lacking := [name for name in names if name not in self._tools]:
            kinds = list(dict.fromkeys(self._kind(name) for name in lacking))
            java_home, distributions = self._cache.provide(kinds, report)
            self._tools |= {name: Tools(java_home, distributions[self._kind(name)]) for name in lacking}
        for name in names:
            report(Progress(Step.STARTING, name))
            self._launch(name)
        self._wait_ready(names, report)

    def _launch(self, name: str) -> None:
        make_folder(self._place(name).folder, self._user)
        server, tools = self._server(name), self._tools[name]
        try:
            server.prepare(tools)
            process = processes.spawn(server.launch(tools))
        except OSError as problem:
            raise self._failure(name, f"could not be started: {problem}") from problem
        self._processes[name] = process
        self._note()

    def _wait_ready(self, names: Sequence[str], report: Report) -> None:
        began = time.monotonic()
        waiting = list(names)
        while waiting:
            for name in list(waiting):
                if self._server(name).is_ready():
                    waiting.remove(name)
                    report(Progress(Step.READY, name, note=f"after {time.monotonic() - began:.1f} s"))
                elif not self.is_alive(name):
                    status = processes.exit_status(self._processes[name])
                    raise self._failure(name, f"stopped while starting (exit status {status})")
            if time.monotonic() - began > READY_SECS:
                raise self._failure(waiting[0], f"did not get ready within {READY_SECS:.0f} s")
            time.sleep(POLL_SECS)

    def _failure(self, name: str, problem: str) -> FatalError:
        lines = last_lines(self.log_file(name))
        hint = next((hint for text, hint in HINTS.items() if text in f"{problem}\n{lines}"), "")
        where = f"{self.log_file(name)}, which ends:\n{textwrap.indent(lines, '  ')}"
        return FatalError(f"{name} {problem}", where=where, remedy=hint)

    def _end(self, names: Iterable[str]) -> None:
        known = {name: self._processes[name] for name in names if name in self._processes}
        for stubborn in processes.stop_all(list(known.values()), GRACE_SECS):
            name = next(name for name, process in known.items() if process == stubborn)
            log.warning("%s did not stop within %s s and was killed", name, GRACE_SECS)
        self._forget(known)

    def _forget(self, names: Iterable[str]) -> None:
        for name in list(names):
            self._processes.pop(name, None)
        self._note()

    def _note(self) -> None:
        if self._ownership:
            self._ownership.note(self._processes)

    def _release(self) -> None:
        if self._ownership:
            self._ownership.release(leaving=self._processes)
            self._ownership = None

    def _server(self, name: str) -> Server:
        place = self._place(name)
        return Kafka(place, name, len(self._brokers)) if name in self._brokers else SERVERS[name](place)

    def _kind(self, name: str) -> str:
        """Whose distribution it is started from."""
        return kafka.NAME if name in self._brokers else name

    def _uses(self, name: str) -> tuple[str, ...]:
        return kafka.uses(name) if name in self._brokers else USES[name]

    def _place(self, name: str) -> Place:
        return Place(self.data / name, self.log_file(name), self._identity.name, self._identity.ports, self._user)
