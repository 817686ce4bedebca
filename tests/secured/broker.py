"""A real Kafka that asks who is there: one broker, a listener for each kind of security, rights enforced.

Where no rights are at stake the tests come as a super user; ``User:producer`` and the like have none but those that
a test gives them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local import kafka, processes
from deploy.local.cache import Cache, default_cache_folder
from deploy.local.kafka import Kafka
from deploy.local.ports import settle
from deploy.local.processes import Launch, ProcessId
from deploy.local.progress import silent
from deploy.local.server import Place, Tools
from deploy.local.users import make_folder, server_user, write_text
from tests.secured.tokens import AUDIENCE, ISSUER

MODULES: Final = "org.apache.kafka.common.security"
MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER")
LISTENERS: Final[Mapping[str, str]] = {
    "PLAINTEXT": "PLAINTEXT",
    "TLS": "SSL",
    "MUTUAL": "SSL",
    "EXPIRED": "SSL",
    "LOGIN": "SASL_PLAINTEXT",
    "SECURE": "SASL_SSL",
}
"""Listener -> security protocol. EXPIRED shows a certificate whose time is over."""
READY_SECS: Final = 120.0
"""As the stack of deploy.local: a busy machine takes longer than a minute."""


class SecuredKafka:
    """The broker's process, in a folder of its own."""

    def __init__(
        self, folder: Path, keystores: Mapping[str, Path], truststore: Path, users: Mapping[str, str], keys_url: str
    ) -> None:
        """``keystores``: by listener, "" for all others; ``users``: name -> password for PLAIN and SCRAM."""
        self._user = server_user()
        cache = Cache(default_cache_folder(os.environ, is_root=self._user is not None), self._user)
        java_home, distributions = cache.provide([kafka.NAME], silent)
        self._tools = Tools(java_home, distributions[kafka.NAME])
        uses = [*LISTENERS, kafka.CONTROLLER]
        self._ports, _ = settle(str(folder), uses, {})
        ports = {**self._ports, kafka.NAME: self._ports["PLAINTEXT"]}
        self._place = Place(folder, folder / "kafka.log", "c2VjdXJlZC1rYWZrYS1mb3I", ports, self._user)
        self._process: ProcessId | None = None
        self._allowed = f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={keys_url}"
        settings = self._settings(keystores, truststore, users, keys_url)
        make_folder(folder, self._user)
        make_folder(folder / "tmp", self._user)
        write_text(folder / "server.properties", "".join(_property(*each) for each in settings.items()))
        write_text(folder / "log4j2.properties", kafka.LOG_SETTINGS)
        self._format(users)

    def address(self, listener: str) -> str:
        """HOST:PORT of a listener."""
        return f"127.0.0.1:{self._ports[listener]}"

    def start(self) -> None:
        """Return when the broker answers."""
        launch = self._java(kafka.JAVA_OPTIONS, "kafka.Kafka", str(self._place.folder / "server.properties"))
        self._process = processes.spawn(launch)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def _wait(self) -> None:
        assert self._process is not None
        until = time.monotonic() + READY_SECS
        while not Kafka(self._place).is_ready():
            assert processes.is_alive(self._process), processes.last_lines(self._place.log)
            assert time.monotonic() < until, processes.last_lines(self._place.log)
            time.sleep(0.1)

    def stop(self) -> None:
        """End it; its data stays."""
        if self._process is not None:
            processes.stop_all([self._process], 5.0)

    def log(self) -> str:
        """What the broker has said so far."""
        return self._place.log.read_text(errors="replace")

    def _settings(
        self, keystores: Mapping[str, Path], truststore: Path, users: Mapping[str, str], keys_url: str
    ) -> dict[str, object]:
        listeners = ",".join(f"{name}://127.0.0.1:{self._ports[name]}" for name in LISTENERS)
        controller = self._ports[kafka.CONTROLLER]
        passwords = " ".join(f'user_{name}="{password}"' for name, password in users.items())
        modules = {
            "plain": f"{MODULES}.plain.PlainLoginModule required {passwords};",
            "scram-sha-256": f"{MODULES}.scram.ScramLoginModule required;",
            "scram-sha-512": f"{MODULES}.scram.ScramLoginModule required;",
            "oauthbearer": f"{MODULES}.oauthbearer.OAuthBearerLoginModule required;",
        }
        logins = {
            f"listener.name.{listener}.{mechanism}.sasl.jaas.config": module
            for listener in ("login", "secure")
            for mechanism, module in modules.items()
        }
        judge = "oauthbearer.sasl.server.callback.handler.class"
        judges = {
            f"listener.name.{listener}.{judge}": f"{MODULES}.oauthbearer.OAuthBearerValidatorCallbackHandler"
            for listener in ("login", "secure")
        }
        stores = {
            (f"listener.name.{listener.lower()}." if listener else "") + "ssl.keystore.location": place
            for listener, place in keystores.items()
        }
        return {
            **kafka.settings(self._place),
            "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": ",".join(
                f"{name}:{protocol}" for name, protocol in {**LISTENERS, "CONTROLLER": "PLAINTEXT"}.items()
            ),
            "num.network.threads": 1,  # of each listener
            "connection.failed.authentication.delay.ms": 10,
            "ssl.keystore.type": "PEM",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": truststore,
            "listener.name.mutual.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": ",".join(MECHANISMS),
            "sasl.oauthbearer.jwks.endpoint.url": keys_url,
            "sasl.oauthbearer.expected.audience": AUDIENCE,
            "sasl.oauthbearer.expected.issuer": ISSUER,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS;User:logferry;User:CN=logferry",
            **stores,
            **logins,
            **judges,
        }

    def _format(self, users: Mapping[str, str]) -> None:
        adding = [
            argument
            for name, password in users.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
            for argument in ("--add-scram", f"{mechanism}=[name={name},password={password}]")
        ]
        arguments = ("kafka.tools.StorageTool", "format", "--cluster-id", self._place.name)
        config = ("--config", str(self._place.folder / "server.properties"))
        launch = self._java(("-Xmx128m", "-XX:TieredStopAtLevel=1"), *arguments, *config, *adding)
        assert processes.run(launch, kafka.FORMAT_TIMEOUT_SECS) == 0, processes.last_lines(self._place.log)

    def _java(self, options: tuple[str, ...], *arguments: str) -> Launch:
        folder = self._place.folder
        properties = (
            f"-Djava.io.tmpdir={folder / 'tmp'}",
            f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}",
            self._allowed,
        )
        java = (str(self._tools.java_home / "bin/java"), *options, *properties)
        command = (*java, "-cp", self._tools.distribution.class_path, *arguments)
        return Launch(command, {}, folder, self._place.log, self._user)


def _property(key: str, value: object) -> str:
    """A line of a Java properties file, which is Latin-1 at best."""
    return f"{key}={value}\n".encode("ascii", "backslashreplace").decode().replace("\\x", "\\u00")
