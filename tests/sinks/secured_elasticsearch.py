"""A real Elasticsearch that asks who is there: one node behind TLS, with users, roles and API keys."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import elastic_transport
from elasticsearch import Elasticsearch as Client

from deploy.local import elasticsearch, processes
from deploy.local.cache import Cache, default_cache_folder
from deploy.local.elasticsearch import Elasticsearch
from deploy.local.ports import settle
from deploy.local.processes import ProcessId
from deploy.local.progress import silent
from deploy.local.server import Place, Tools
from deploy.local.users import make_folder, server_user, write_text
from tests.secured.certificates import Authority

ADMIN: Final = "admin"
PASSWORD: Final = "correct-horse"
READY_SECS: Final = 150.0
ROUNDS: Final = 1000


class SecuredElasticsearch:
    """The node's process, in a folder of its own."""

    def __init__(self, folder: Path, authority: Authority, roles: Mapping[str, Any]) -> None:
        """``roles``: as roles.yml has them; there is a user of each name, and `ADMIN`, who may do everything."""
        user = server_user()
        java_home, distributions = Cache(default_cache_folder(os.environ, is_root=user is not None), user).provide(
            [elasticsearch.NAME], silent
        )
        self._tools = Tools(java_home, distributions[elasticsearch.NAME])
        ports, _ = settle(str(folder), list(elasticsearch.USES), {})
        self._place = Place(folder, folder / "elasticsearch.log", "secured", ports, user)
        self._process: ProcessId | None = None
        certificate, key = authority.issue("node")
        self._authority = authority
        make_folder(folder, user)
        self._server = Elasticsearch(self._place)
        self._server.prepare(self._tools)
        config = folder / "config"
        for name, path in {"node.pem": certificate, "node.key": key, "ca.pem": authority.ca}.items():
            write_text(config / name, path.read_text())
        write_text(config / "users", "".join(f"{name}:{_hash(PASSWORD)}\n" for name in (ADMIN, *roles)))
        write_text(config / "users_roles", f"superuser:{ADMIN}\n" + "".join(f"{name}:{name}\n" for name in roles))
        write_text(config / "roles.yml", "".join(f"{name}: {json.dumps(role)}\n" for name, role in roles.items()))
        settings = {
            **elasticsearch.settings(self._place),
            "xpack.security.enabled": True,
            "xpack.security.http.ssl.enabled": True,
            "xpack.security.http.ssl.certificate": "node.pem",
            "xpack.security.http.ssl.key": "node.key",
            "xpack.security.http.ssl.certificate_authorities": "ca.pem",
            "xpack.security.http.ssl.client_authentication": "required",
            "xpack.security.authc.password_hashing.algorithm": f"pbkdf2_{ROUNDS}",
        }
        lines = "".join(f"{key}: {_yaml(value)}\n" for key, value in settings.items())
        write_text(config / "elasticsearch.yml", lines)

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self._place.ports[elasticsearch.NAME]}"

    def start(self) -> None:
        """Return when it answers who comes with a certificate and a password."""
        launch = self._server.launch(self._tools)
        quick = {"ES_JAVA_OPTS": "-Xms384m -Xmx384m -XX:TieredStopAtLevel=1"}  # it does not live long
        self._process = processes.spawn(replace(launch, environment={**launch.environment, **quick}))
        client = self.client()
        until = time.monotonic() + READY_SECS
        while True:
            assert processes.is_alive(self._process), processes.last_lines(self._place.log)
            assert time.monotonic() < until, processes.last_lines(self._place.log)
            try:
                client.options(request_timeout=3, max_retries=0).cluster.health(wait_for_status="yellow")
                break
            except elastic_transport.TransportError:
                time.sleep(0.2)
        client.close()

    def client(self) -> Client:
        """One that may do everything."""
        certificate, key = self._authority.issue("tests")
        return Client(
            self.url,
            basic_auth=(ADMIN, PASSWORD),
            ca_certs=str(self._authority.ca),
            client_cert=str(certificate),
            client_key=str(key),
        )

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            processes.stop_all([self._process], 5.0)


def _yaml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _hash(password: str) -> str:
    """As Elasticsearch's PBKDF2 hasher writes it: rounds, salt and key (SHA-512, 32 bytes each)."""
    salt = os.urandom(32)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS, 32)
    return f"{{PBKDF2}}{ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
