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

from deploy.demo.pods import ContainerSpec, EmptyDir, FieldRef, Mount, Owner, PodSpec
from deploy.demo.publish import PodPublisher
from deploy.demo.runtime import ContainerRuntime, PublishPod, RuntimeLimits
from producers.node import node_name
from runtime.process import stop_on_signals

if TYPE_CHECKING:
    import threading
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from schemas.settings import Settings


SHARED: Final = Mount("shared", "/shared")


def _program(name: str, module: str, *mounts: Mount) -> ContainerSpec:
    argv = ("python", "-m", f"deploy.demo.programs.{module}")
    env: dict[str, str | FieldRef] = {"NODE_NAME": FieldRef("spec.nodeName")}
    if mounts:
        env["POD_SHARED_FOLDER"] = mounts[0].path
    return ContainerSpec(name, argv, f"demo.example/logferry/{name}:1.0.0", env, mounts)


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
        containers=(
            _program("numbers-api", "numbers_api", SHARED),
            _program("numbers-client", "numbers_client", SHARED),
        ),
        volumes={"shared": EmptyDir()},
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


def run(  # what runs where, and who is told
    root: Path,
    node: str,
    publish_pod: PublishPod,
    stop: threading.Event,
    limits: RuntimeLimits | None = None,
    pods: Sequence[PodSpec] = PODS,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Run pods under `root` until `stop` is set; each pod's metadata is published before its first line is written.

    ``environ`` has variables of all containers, over their own. Raises OSError when `root` cannot be written, and
    whatever `publish_pod` raises but TemporaryError, after which the start is tried again.
    """
    runtime = ContainerRuntime(root, node, publish_pod, limits, environ)
    for pod in pods:
        runtime.start(pod)
    runtime.run(stop)


def run_demo(
    root: Path,
    settings: Settings,
    stop: threading.Event | None = None,
    pods: Sequence[PodSpec] = PODS,
    environ: Mapping[str, str] | None = None,
) -> None:
    """Run pods and publish them to `logs.pods` until `stop` is set, or without it until SIGTERM or SIGINT.

    Containers that send to Kafka themselves are given the brokers and topics of ``settings``. Raises FatalError when
    Kafka refuses, OSError when `root` cannot be written.
    """
    here = {
        "LOGFERRY_KAFKA__BOOTSTRAP_SERVERS": settings.kafka.bootstrap_servers,
        "LOGFERRY_TOPICS__PREFIX": settings.topics.prefix,
    }
    with PodPublisher(settings.kafka, topic=settings.topics.names.pods) as publish_pod:
        run(
            root,
            node_name(settings.producer.node),
            publish_pod,
            stop or stop_on_signals(),
            pods=pods,
            environ={**here, **(environ or {})},
        )
