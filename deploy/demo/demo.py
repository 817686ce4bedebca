"""What `logferry up --demo` runs: four pods in three namespaces, some tens of lines a second in all.

| pod | containers | writes |
|---|---|---|
| dev/timecheck | timecheck | plain text, one line a second |
| dev/numbers-api | numbers-api, numbers-client | JSON with stack traces; logfmt |
| test/gallery | access-log | combined access log, error log |
| kube-system/node-probe | node-probe | klog text |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from deploy.demo.pods import ContainerSpec, Owner, PodSpec
from deploy.demo.publish import TOPIC, PodPublisher
from deploy.demo.runtime import ContainerRuntime, PublishPod, RuntimeLimits
from runtime.process import stop_on_signals

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from schemas.settings import KafkaSettings


def _program(name: str, module: str) -> ContainerSpec:
    argv = ("python", "-m", f"deploy.demo.programs.{module}")
    return ContainerSpec(name, argv, image=f"demo.example/logferry/{name}:1.0.0")


def _labels(name: str, tier: str) -> dict[str, str]:
    return {"app": name, "app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "logferry-demo", "tier": tier}


PODS: Final[tuple[PodSpec, ...]] = (
    PodSpec(
        namespace="dev",
        name="timecheck",
        containers=(_program("timecheck", "timecheck"),),
        labels=_labels("timecheck", "tool"),
        annotations={"example.com/purpose": "prints the time every second"},
    ),
    PodSpec(
        namespace="dev",
        name="numbers-api",
        containers=(_program("numbers-api", "numbers_api"), _program("numbers-client", "numbers_client")),
        labels=_labels("numbers-api", "backend"),
        annotations={"example.com/owner": "team-numbers"},
        owners=(Owner("ReplicaSet", "numbers-api-7d5b9c6f48"), Owner("Deployment", "numbers-api")),
    ),
    PodSpec(
        namespace="test",
        name="gallery",
        containers=(_program("access-log", "gallery"),),
        labels=_labels("gallery", "frontend"),
        annotations={"example.com/owner": "team-pictures"},
    ),
    PodSpec(
        namespace="kube-system",
        name="node-probe",
        containers=(_program("node-probe", "node_probe"),),
        labels={**_labels("node-probe", "node"), "k8s-app": "node-probe"},
        owners=(Owner("DaemonSet", "node-probe"),),
    ),
)


def run(
    root: Path,
    node: str,
    publish_pod: PublishPod,
    stop: threading.Event,
    limits: RuntimeLimits | None = None,
) -> None:
    """Run `PODS` under `root` until `stop` is set; each pod's metadata is published before its first line is written.

    Raises OSError when `root` cannot be written, and whatever `publish_pod` raises but TemporaryError, after which
    the start is tried again.
    """
    runtime = ContainerRuntime(root, node, publish_pod, limits)
    for pod in PODS:
        runtime.start(pod)
    runtime.run(stop)


def run_demo(
    root: Path, node: str, kafka: KafkaSettings, stop: threading.Event | None = None, topic: str = TOPIC
) -> None:
    """Run the demo and publish its pods to `topic` until `stop` is set, or without it until SIGTERM or SIGINT.

    Raises FatalError when Kafka refuses them, OSError when `root` cannot be written.
    """
    with PodPublisher(kafka, topic=topic) as publish_pod:
        run(root, node, publish_pod, stop or stop_on_signals())
