"""``logferry demo``: the demo's programs and the little container runtime that keeps their logs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.options import Config, read_settings


def demo(
    root: Annotated[Path, typer.Option("--root", help="Folder that takes the place of the node's file system root.")],
    config: Config = None,
) -> None:
    """Run the demo alone: programs whose logs are written as a kubelet would, pods published to Kafka."""
    from deploy.demo.demo import run_demo
    from producers.node import node_name
    from runtime.process import set_up_logging
    from runtime.registry import prepare_codecs
    from schemas.errors import SettingsError

    set_up_logging()
    settings = read_settings(config)
    prepare_codecs(settings)
    try:
        run_demo(root.absolute(), node_name(settings.producer.node), settings.kafka, topic=settings.topics.names.pods)
    except OSError as error:
        raise SettingsError(
            f"the demo's folder cannot be written: {error.strerror}", where=str(root), remedy="name another --root"
        ) from error
