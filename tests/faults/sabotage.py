"""What a fault suite must find: documents and objects taken away, added and changed behind everybody's back."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass
from typing import Any

from bench.faults.site import Site


def hits(site: Site, count: int) -> list[dict[str, Any]]:
    """The oldest documents of so many pods: their sink is past them, so none of them is sent again."""
    index = f"/{site.pipeline.index}-*"
    site.hold(5.0)
    site.pipeline.ask(f"{index}/_refresh")
    found = site.pipeline.ask(f"{index}/_search", {"size": 500, "sort": ["@timestamp"]})["hits"]["hits"]
    of_pods = {hit["_source"]["kubernetes"]["pod_name"]: hit for hit in reversed(found)}
    return list(of_pods.values())[:count]


def put(site: Site, hit: dict[str, Any], id_: str, source: dict[str, Any]) -> None:
    """Write a document as nobody of us would."""
    send(site, "PUT", f"/{hit['_index']}/_doc/{id_}", source)


def send(site: Site, method: str, path: str, body: dict[str, Any] | None = None) -> None:
    """One request to Elasticsearch."""
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(
        f"{site.pipeline.url}{path}", data, {"content-type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


@dataclass(frozen=True)
class DocumentsTouched:
    """One document is deleted, one doubled under another id, the line of a third altered."""

    secs: float = 0.0

    def begin(self, site: Site) -> None:
        """All three."""
        deleted, doubled, altered = hits(site, 3)
        send(site, "DELETE", f"/{deleted['_index']}/_doc/{deleted['_id']}")
        put(site, doubled, "somebody-elses", doubled["_source"])
        line = altered["_source"]["log"].replace("request_id", "request_ix")
        put(site, altered, altered["_id"], altered["_source"] | {"log": line})

    def end(self, site: Site) -> None:
        """It stays so."""


@dataclass(frozen=True)
class ObjectDeleted:
    """One object of the archive is deleted, and what it held with it."""

    secs: float = 0.0

    def begin(self, site: Site) -> None:
        """The first that there is; it is small."""
        until = time.monotonic() + 30
        while not (objects := sorted(site.pipeline.archive.rglob("*.parquet"))) and time.monotonic() < until:
            time.sleep(0.2)
        objects[0].unlink()

    def end(self, site: Site) -> None:
        """It stays so."""
