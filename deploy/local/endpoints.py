"""Where a stack's servers answer: what stages, tests and the command line need to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from deploy.local import elasticsearch, kafka, object_store
from deploy.local.processes import is_alive
from deploy.local.server import Place
from deploy.local.state import Identity, read_identity, read_running


@dataclass(frozen=True)
class ObjectStoreEndpoint:
    """What an S3 client needs."""

    url: str
    access_key_id: str
    secret_access_key: str
    bucket: str
    region: str


@dataclass(frozen=True)
class Endpoints:
    """Addresses on loopback. Those of a server that was not asked for are where it would be."""

    bootstrap_servers: str
    """Kafka's: `127.0.0.1:port`, of several brokers with commas between."""
    elasticsearch_url: str
    """`http://127.0.0.1:port`."""
    object_store: ObjectStoreEndpoint | None
    """None unless asked for."""


def endpoints_of(place: Place, *, with_object_store: bool, brokers: int = 1) -> Endpoints:
    """The addresses of a stack, from any of its servers' places."""
    s3 = ObjectStoreEndpoint(
        url=f"http://127.0.0.1:{place.ports[object_store.NAME]}",
        access_key_id=object_store.ACCESS_KEY_ID,
        secret_access_key=object_store.secret_access_key(place),
        bucket=object_store.BUCKET,
        region=object_store.REGION,
    )
    return Endpoints(
        bootstrap_servers=",".join(f"127.0.0.1:{place.ports[name]}" for name in kafka.names(brokers)),
        elasticsearch_url=f"http://127.0.0.1:{place.ports[elasticsearch.NAME]}",
        object_store=s3 if with_object_store else None,
    )


def find_endpoints(data: Path) -> Endpoints | None:
    """Where the servers of `data` answer if any of them runs now, whoever owns them; changes nothing.

    For other terminals: `logferry search` beside a running `logferry up`.
    """
    identity: Identity = read_identity(data / "stack.json")
    alive = {name for name, process in read_running(data / "running.json").servers.items() if is_alive(process)}
    if not alive or not identity.ports:
        return None
    place = Place(data, data, identity.name, identity.ports, None)
    return endpoints_of(place, with_object_store=object_store.NAME in alive)
