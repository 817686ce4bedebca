"""Every example of deploy/examples runs from its manifests, and every line that its programs wrote is found once.

The demo runtime takes the place of a cluster's nodes; Kafka, the stages and Elasticsearch are real.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.pipeline import Pipeline
from deploy.local.stack import Stack
from tests.conftest import PipelineMaker
from tests.e2e import examples, senders
from tests.e2e.examples import Arrived, Cluster
from tests.producers.journal import entry, write_journal

pytestmark = pytest.mark.timeout(150)

TOGETHER = (
    "annotations", "custom-log-path", "direct-push", "node-agent", "sidecar-to-kafka", "streaming-sidecar", "system",
)  # fmt: skip
CALLS = 60
PACE = {"EVERY_SECS": "0.05", "CALLS": str(CALLS)}
SERVICES = (  # namespace/app of pods with numbers-api in them
    "example-node-agent/numbers-api", "example-direct-push/numbers-to-kafka", "example-direct-push/numbers-to-forward",
    "example-annotations/only-warnings", "example-annotations/plain-text",
)  # fmt: skip
SIDECAR, SIDECAR_KAFKA, CUSTOM = (
    "example-sidecar/timecheck",
    "example-sidecar-kafka/timecheck",
    "example-custom-path/timecheck",
)
KLOG = '{}1121 01:02:03.{:06d}    1234 kubelet.go:42] "{}" node="node-1"'


class Run:
    """What one run of all examples left: the pods' files, and the documents."""

    def __init__(self, pipeline: Pipeline, cluster: Cluster) -> None:
        self.pipeline, self.cluster, self.found = pipeline, cluster, Arrived(pipeline)

    def expect(self, app: str, container: str, written: list[str]) -> list[examples.Document]:
        """Every line that was written is there once; returns the documents."""
        assert len(written) > 10
        assert self.found.lines(app, container) == Counter(written)
        return self.found.of(app, container)


def settings(root: Path) -> dict[str, Any]:
    """What all examples ask of logferry, on this node."""
    given = [examples.values(name) for name in TOGETHER]
    inputs = {name: examples.below(root, each) for value in given for name, each in value.get("inputs", {}).items()}
    inputs["system"] |= {"path": f"{root}/var/log/journal"}
    inputs["fluent"] |= {"listen": "127.0.0.1:0"}
    return {"inputs": inputs, "severity": [rule for value in given for rule in value.get("severity", [])]}


def write_system_logs(root: Path) -> None:
    """A journal of kubelet, containerd and a unit that nobody asked for; an audit log."""
    texts = [KLOG.format("IWE"[number % 3], number, f"Message {number}") for number in range(60)]
    levels = ("info", "warning", "error")
    kubelet = [entry(at, MESSAGE=text, _TRANSPORT="stdout") for at, text in enumerate(texts)]
    lines = [f'time="2026-11-21T01:02:03Z" level={levels[at % 3]} msg="m {at}"' for at in range(30)]
    containerd = [
        entry(100 + at, "containerd.service", MESSAGE=text, _TRANSPORT="stdout") for at, text in enumerate(lines)
    ]
    write_journal(root / "var/log/journal/system.journal", [*kubelet, *containerd, entry(200, "cron.service")])
    audit = root / "var/log/kubernetes/audit/audit.log"
    audit.parent.mkdir(parents=True)
    audit.write_text(
        "".join(json.dumps({"kind": "Event", "auditID": f"a-{n}", "verb": "get"}) + "\n" for n in range(20))
    )


@pytest.fixture(scope="module")
def run(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """All examples but `namespaces`, whose levels and topics are others, side by side until every client is done."""
    folder = tmp_path_factory.mktemp("examples")
    where, name = stack.endpoints, f"examples{folder.stat().st_ino}"
    routes = [{"match": "**", "topic": f"{name}.app"}]
    node = folder / "run" / "node"
    (folder / "run").mkdir()
    write_system_logs(node)
    with Pipeline(
        folder / "run", name, where.bootstrap_servers, where.elasticsearch_url, routes=routes, **settings(node)
    ) as pipeline:
        pipeline.start("produce", "stream", "search")
        host, port = senders.listening(pipeline, "fluent", "tcp")
        cluster = Cluster(pipeline, TOGETHER, {**PACE, "FORWARD_HOST": host, "FORWARD_PORT": str(port)})
        try:
            wait_for_programs(pipeline, cluster)
            assert cluster.stop() == 0
        finally:
            cluster.close()
        wait_for_lines(pipeline, everything_kept(cluster))
        assert pipeline.dead_letters() == []
        yield Run(pipeline, cluster)


def wait_for_programs(pipeline: Pipeline, cluster: Cluster) -> None:
    """Until every client has made its calls, and every file has some lines."""

    def progress() -> list[int]:
        clients = [len(cluster.output(app, "numbers-client")) for app in SERVICES]
        return [*clients, CALLS * (len(cluster.output("example-annotations/by-tens", "timecheck")) > 25)]

    pipeline.wait_until(progress, lambda counts: min(counts) >= CALLS, "the programs")


def everything_kept(cluster: Cluster) -> dict[tuple[str, str], Counter[str]]:
    """The lines of each container that must arrive: all but those that rules and annotations drop."""
    containers = [(app, each.name) for app, pod in cluster.pods.items() for each in pod.containers]
    dropped = ("example-annotations/silent", "example-annotations/only-warnings")
    kept = {each: Counter(cluster.output(*each)) for each in containers if each[0] not in dropped}
    kept[SIDECAR_KAFKA, "timecheck"] = Counter(cluster.file(SIDECAR_KAFKA, "logs", "timecheck.log"))
    kept[CUSTOM, ""] = Counter(cluster.file(CUSTOM, "node-logs", "timecheck.log"))
    return kept


def wait_for_lines(pipeline: Pipeline, written: dict[tuple[str, str], Counter[str]]) -> None:
    """Until each of these lines is in the index and it has stopped growing."""
    sizes: list[int] = []

    def missing() -> Counter[tuple[str, str]]:
        try:
            found = Arrived(pipeline)
        except OSError:  # there is no index yet, or it is being made
            return Counter({key: lines.total() for key, lines in written.items()})
        sizes.append(len(found.documents))
        return +Counter({key: (lines - found.lines(*key)).total() for key, lines in written.items()})

    pipeline.wait_until(missing, lambda left: not left and len(set(sizes[-5:])) == 1, "all lines")


# -- the three models --------------------------------------------------------------------------------------------------


def test_a_node_agent_carries_what_programs_print(run: Run) -> None:
    app = "example-node-agent/numbers-api"
    name = run.cluster.pods[app].name
    assert re.fullmatch(r"numbers-api-[a-z0-9]{10}-[a-z0-9]{5}", name)
    for container in ("numbers-api", "numbers-client"):
        documents = run.expect(app, container, run.cluster.output(app, container))
        assert examples.tags(documents) == {f"kube.example-node-agent.{name}.{container}"}
        assert {document["kubernetes"]["labels"]["tier"] for document in documents} == {"backend"}
        assert {document["kubernetes"]["container_image"] for document in documents} == {"logferry:0.1.0"}
    assert len(run.found.of(app, "numbers-api")) < len(run.cluster.output(app, "numbers-api")), "stack traces are one"
    timecheck = "example-node-agent/timecheck"
    run.expect(timecheck, "timecheck", run.cluster.output(timecheck, "timecheck"))


def test_a_streaming_sidecar_prints_the_file_to_its_last_line(run: Run) -> None:
    written = run.cluster.file(SIDECAR, "logs", "timecheck.log")
    assert run.cluster.output(SIDECAR, "logs") == written
    assert run.cluster.output(SIDECAR, "timecheck") == []
    documents = run.expect(SIDECAR, "logs", written)
    assert examples.tags(documents) == {f"kube.example-sidecar.{run.cluster.pods[SIDECAR].name}.logs"}


def test_a_sidecar_to_kafka_sends_the_file_to_its_last_line_in_its_programs_name(run: Run) -> None:
    documents = run.expect(SIDECAR_KAFKA, "timecheck", run.cluster.file(SIDECAR_KAFKA, "logs", "timecheck.log"))
    name = run.cluster.pods[SIDECAR_KAFKA].name
    assert examples.tags(documents) == {f"kube.example-sidecar-kafka.{name}.timecheck"}
    assert {document["kubernetes"]["pod_id"] for document in documents} == {run.cluster.uid(SIDECAR_KAFKA)}


@pytest.mark.parametrize("app", ["numbers-to-kafka", "numbers-to-forward"])
def test_direct_push_has_a_record_for_each_request_that_the_client_made(run: Run, app: str) -> None:
    key = f"example-direct-push/{app}"
    client = run.expect(key, "numbers-client", run.cluster.output(key, "numbers-client"))
    asked = Counter(document["attributes"]["request_id"] for document in client)
    assert (len(asked), set(asked.values())) == (CALLS, {1})
    pushed = run.found.of(key, "numbers-api")
    assert Counter(each["attributes"]["request_id"] for each in pushed if "request_id" in each["attributes"]) == asked
    rest = sorted(each["message"] for each in pushed if "request_id" not in each["attributes"])
    assert rest == ["listening", "stopped"]
    assert examples.tags(pushed) == {f"kube.example-direct-push.{run.cluster.pods[key].name}.numbers-api"}
    assert {each["kubernetes"]["labels"]["tier"] for each in pushed} == {"backend"}
    failed = [each for each in pushed if each["severity"] == "ERROR"]
    assert len(failed) == CALLS // 25
    assert all("Traceback" in json.dumps(each["attributes"]) for each in failed)
    assert run.cluster.output(key, "numbers-api") == [], "nothing goes the other way as well"


# -- what else there is ------------------------------------------------------------------------------------------------


def test_a_volume_is_read_from_the_node_under_its_pods_identity(run: Run) -> None:
    documents = run.expect(CUSTOM, "", run.cluster.file(CUSTOM, "node-logs", "timecheck.log"))
    assert examples.tags(documents) == {f"kube.example-custom-path.{run.cluster.pods[CUSTOM].name}.node-logs"}
    assert {document["kubernetes"]["pod_id"] for document in documents} == {run.cluster.uid(CUSTOM)}


def test_annotations_exclude_filter_parse_and_join(run: Run) -> None:
    assert run.cluster.output("example-annotations/silent", "timecheck")
    assert run.found.of("example-annotations/silent", "timecheck") == []
    warned = run.found.of("example-annotations/only-warnings", "numbers-client")
    assert {document["severity"] for document in warned} == {"ERROR"}
    assert len(warned) == CALLS // 25
    plain = "example-annotations/plain-text"
    documents = run.expect(plain, "numbers-client", run.cluster.output(plain, "numbers-client"))
    assert all("request_id" not in document.get("attributes", {}) for document in documents)
    assert all("\n" not in document["log"] for document in run.found.of(plain, "numbers-api"))
    run.expect(plain, "numbers-api", run.cluster.output(plain, "numbers-api"))
    tens = "example-annotations/by-tens"
    written = run.cluster.output(tens, "timecheck")
    joined = run.expect(tens, "timecheck", written)
    assert sorted(document["log"] for document in joined) == sorted(
        "\n".join(written[at : at + 10]) for at in range(0, len(written), 10)
    )


def test_system_components_have_the_severity_of_their_own_lines(run: Run) -> None:
    tagged = {name: [each for each in run.found.documents if each["tag"] == name] for name in (
        "host.kubelet", "host.containerd", "host.cron", "host.audit"
    )}  # fmt: skip
    assert {name: Counter(each.get("severity") for each in found) for name, found in tagged.items()} == {
        "host.kubelet": {"WARN": 20, "ERROR": 20},
        "host.containerd": {"WARN": 10, "ERROR": 10},
        "host.cron": {},
        "host.audit": {None: 20},
    }
    probe = "kube-system/node-probe"
    documents = run.expect(probe, "node-probe", run.cluster.output(probe, "node-probe"))
    assert {document["kubernetes"]["labels"]["k8s-app"] for document in documents} == {"node-probe"}


@pytest.mark.parametrize(("name", "query"), [(name, query) for name in TOGETHER for query in examples.queries(name)])
def test_a_search_of_an_examples_page_finds_something(run: Run, name: str, query: str) -> None:
    assert examples.hits(run.pipeline, query) > 0, name


def test_namespaces_have_levels_and_topics_of_their_own(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    given, own = examples.values("namespaces"), pipeline.index
    topics = {topic: f"{own}.{topic.removeprefix('logs.')}" for topic in given["sinks"]["search"]["topics"]}
    data = json.loads(json.dumps(given).replace('"logs.', f'"{own}.'))
    data["sinks"] = {"search": {**_search_of(pipeline), "topics": list(topics.values())}}
    pipeline.configure(json.dumps(_settings_of(pipeline) | data))
    pipeline.start("produce", "stream", "search")
    cluster = Cluster(pipeline, ["namespaces"], PACE)
    try:
        pipeline.wait_until(
            lambda: _lines(cluster, "dev/numbers-api", "numbers-client"), lambda n: n >= CALLS, "the client"
        )
        pipeline.wait_until(lambda: _lines(cluster, "test/gallery", "access-log"), lambda n: n >= 20, "visits")
        assert cluster.stop() == 0
    finally:
        cluster.close()
    whole = [("dev/numbers-api", "numbers-api"), ("dev/numbers-api", "numbers-client"), ("test/gallery", "access-log")]
    kept = {each: Counter(cluster.output(*each)) for each in whole}
    probe = ("kube-system/node-probe", "node-probe")
    kept[probe] = Counter(line for line in cluster.output(*probe) if line[0] in "WEF")
    wait_for_lines(pipeline, kept)
    found = Arrived(pipeline)
    assert {each: found.lines(*each) for each in kept} == kept
    by_topic = {
        topic: {record["resource"]["kubernetes"]["namespace"] for record in pipeline.values(topic, "log_record")}
        for topic in ("dev", "access", "errors", "app")
    }
    assert by_topic["errors"] >= {"dev"}
    assert by_topic | {"errors": set()} == {"dev": {"dev"}, "access": {"test"}, "errors": set(), "app": set()}
    assert [examples.hits(pipeline, query) > 0 for query in examples.queries("namespaces")] == [True, True]


def _lines(cluster: Cluster, app: str, container: str) -> int:
    return len(cluster.output(app, container))


def _settings_of(pipeline: Pipeline) -> dict[str, Any]:
    return dict(yaml.safe_load(pipeline.config.read_text()))


def _search_of(pipeline: Pipeline) -> dict[str, Any]:
    return dict(_settings_of(pipeline)["sinks"]["search"])
