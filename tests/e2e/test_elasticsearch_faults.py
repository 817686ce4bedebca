"""Elasticsearch, the network and the sink's processes fail: every record comes to be in one place, once."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from bench.elastic_faults import Plan, run, settings
from bench.elastic_oracle import Verdict
from bench.elastic_proxy import ElasticProxy, Fault, Weather, filtered
from deploy.local.stack import Stack
from tests.conftest import PipelineMaker

pytestmark = pytest.mark.timeout(300)


def test_nothing_is_lost_doubled_or_committed_too_early_whatever_elasticsearch_answers(
    new_pipeline: PipelineMaker,
) -> None:
    pipeline = new_pipeline(**settings())
    found = run(pipeline, Plan(secs=40, rate=1000, every_secs=5, unauthorized_secs=5))
    hopeless = (found["sent"] + 2499) // 5000
    wanted = vars(Verdict(documents=found["sent"] - hopeless, dead_letters=hopeless))
    assert {name: found[name] for name in wanted} == wanted, pipeline.tails()
    assert (found["died"], found["kills"] >= 2, found["comings"] >= 2, found["goings"] >= 2) == ([], True, True, True)
    assert [fault for fault, times in found["faults"].items() if times == 0] == []
    assert (hopeless >= 7, found["sent"] > 35_000, found["looks"] > 30) == (True, True, True)


def bulk(url: str, index: str, values: list[Any], query: str = "") -> dict[str, Any]:
    lines = [[{"create": {"_index": index, "_id": str(n)}}, {"number": value}] for n, value in enumerate(values)]
    body = "".join(f"{json.dumps(line)}\n" for pair in lines for line in pair).encode()
    request = urllib.request.Request(f"{url}/_bulk{query}", body, {"content-type": "application/x-ndjson"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def statuses(answer: dict[str, Any]) -> list[int]:
    return [item["create"]["status"] for item in answer["items"]]


@pytest.mark.parametrize("asked", ["errors", "errors,items.*.status,items.*.error", "items.*.error.type"])
def test_the_proxy_leaves_of_an_answer_what_elasticsearch_leaves_of_it(stack: Stack, asked: str) -> None:
    url, index, values = stack.endpoints.elasticsearch_url, "proxy-filters", [1, "word", 2]
    bulk(url, index, values)
    paths = [path.split(".") for path in asked.split(",")]
    assert bulk(url, index, values, f"?filter_path={asked}") == filtered(bulk(url, index, values), paths)


def test_documents_that_the_proxy_refuses_are_not_passed_on_and_the_others_are(stack: Stack) -> None:
    url, index, values = stack.endpoints.elasticsearch_url, "proxy-refusals", list(range(200))
    with ElasticProxy(url) as proxy:
        proxy.weather = Weather(lasting=Fault.SOME_REFUSED)
        assert bulk(proxy.url, index, values, "?filter_path=errors") == {"errors": True}
        first = proxy.refused_documents
        found = statuses(bulk(url, index, values))
        assert (found.count(201), found.count(409), 5 < first < 40) == (first, 200 - first, True)
        found = statuses(bulk(proxy.url, index, values))
        assert found.count(429) == proxy.refused_documents - first
        assert set(found) == {409, 429}
