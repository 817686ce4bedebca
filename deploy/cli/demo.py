"""``logferry demo``: the demo's programs and the little container runtime that keeps their logs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import Config, read_settings, read_text
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deploy.demo.pods import PodSpec

Manifests = Annotated[
    list[Path] | None,
    typer.Option(
        "--manifest", metavar="FILE", help="Pods to run in place of the demo's: Kubernetes manifests. Repeat for more."
    ),
]
Variables = Annotated[
    list[str] | None,
    typer.Option("--env", metavar="NAME=VALUE", help="A variable of all containers, over their own. Repeat for more."),
]


def demo(
    root: Annotated[Path, typer.Option("--root", help="Folder that takes the place of the node's file system root.")],
    manifest: Manifests = None,
    env: Variables = None,
    config: Config = None,
) -> None:
    """Run the demo alone: programs whose logs are written as a kubelet would, pods published to Kafka."""
    from deploy.demo.demo import PODS, run_demo
    from runtime.process import set_up_logging
    from runtime.registry import prepare_codecs

    set_up_logging()
    settings = read_settings(config)
    pods = read_pods(manifest) if manifest else PODS
    environ = read_variables(env or [])
    prepare_codecs(settings)
    try:
        run_demo(root.absolute(), settings, pods=pods, environ=environ)
    except OSError as error:
        raise SettingsError(
            f"the demo's folder cannot be written: {error.strerror}", where=str(root), remedy="name another --root"
        ) from error


def read_pods(files: Sequence[Path]) -> tuple[PodSpec, ...]:
    """The pods of some manifests. Raises SettingsError for what the demo cannot do."""
    from deploy.demo.manifests import pods_of, read_manifests

    pods = pods_of(each for file in files for each in read_manifests(read_text(file), str(file)))
    if not pods:
        raise SettingsError("no pod is to run", where=", ".join(map(str, files)), remedy="name a manifest with pods")
    return pods


def read_variables(given: Sequence[str]) -> dict[str, str]:
    """NAME=VALUE, each. Raises SettingsError for anything else."""
    for each in given:
        if "=" not in each.lstrip("="):
            raise SettingsError(
                f"{each!r} is no NAME=VALUE", where="--env", remedy="write for example --env LEVEL=debug"
            )
    return dict(each.split("=", 1) for each in given)
