"""The servers of one `up`: the local stack, kept running, or somebody else's, only named.

A local server that dies is started again, in a thread, because its start takes its time; stages meanwhile wait for it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.local import elasticsearch, kafka, object_store
from deploy.local.progress import Report
from deploy.local.stack import Stack
from deploy.up.picture import ServerRow
from deploy.up.settings_file import Servers
from schemas.errors import LogferryError

if TYPE_CHECKING:
    from deploy.local.endpoints import ObjectStoreEndpoint

_log = logging.getLogger(__name__)

AGAIN_SECS: Final = 5.0
"""Pause after a failed start of a server that had died."""


class LocalServers:
    """The stack of one data folder."""

    def __init__(self, data: Path, *, with_object_store: bool) -> None:
        self._stack = Stack(data, object_store=with_object_store)
        self._names = [kafka.NAME, elasticsearch.NAME, *([object_store.NAME] if with_object_store else [])]
        self._data = data
        self._restarts: Counter[str] = Counter()
        self._mender: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self, report: Report) -> Servers:
        """Start or adopt them. Raises FatalError, SettingsError."""
        self._stack.start(report)
        found = self._stack.endpoints
        s3 = None if found.object_store is None else self._options(found.object_store)
        return Servers(found.bootstrap_servers, found.elasticsearch_url, s3)

    def _options(self, found: ObjectStoreEndpoint) -> dict[str, object]:
        """The S3 endpoint as an object storage sink takes it; the key goes by a file that only we may read."""
        key = self._data / "object_store.key"
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(found.secret_access_key)
        return {
            "url": f"s3://{found.bucket}",
            "options": {
                "endpoint": found.url,
                "region": found.region,
                "access_key_id": found.access_key_id,
                "secret_access_key": {"file": str(key)},
                "allow_http": "true",
            },
        }

    def tend(self) -> None:
        """Start servers that died, in the background."""
        if self._mender and self._mender.is_alive():
            return
        dead = [name for name in self._names if not self._stack.is_alive(name)]
        if dead and not self._stopping.is_set():
            self._mender = threading.Thread(target=self._mend, args=(dead,), name="servers", daemon=True)
            self._mender.start()

    def _mend(self, dead: list[str]) -> None:
        for name in dead:
            _log.warning("%s has died; its log: %s; starting it again", name, self._stack.log_file(name))
            self._restarts[name] += 1
            try:
                self._stack.start_server(name)
            except LogferryError as error:
                if not self._stopping.is_set():
                    _log.error("%s", error)
                self._stopping.wait(AGAIN_SECS)

    def rows(self) -> tuple[ServerRow, ...]:
        """How they are."""
        found = self._stack.endpoints
        addresses = {
            kafka.NAME: found.bootstrap_servers,
            elasticsearch.NAME: found.elasticsearch_url,
            object_store.NAME: found.object_store.url if found.object_store else "",
        }
        return tuple(
            ServerRow(name, self._stack.is_alive(name), self._stack.pid(name), addresses[name], self._restarts[name])
            for name in self._names
        )

    def stop(self, *, at_once: bool = False) -> None:
        """Stop them, gently or at once."""
        self._stopping.set()
        for name in self._names if at_once else ():
            if self._stack.is_alive(name):
                self._stack.kill(name)
        self._stack.stop()
