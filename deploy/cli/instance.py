"""Finding the pipeline that a command is about: by a settings file, or by the data folder of `logferry up`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.cli.options import read_settings
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from schemas.settings import Settings

Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Data folder of `logferry up`. Default: $LOGFERRY_DATA, else ./.logferry (for root, where another user "
        "could not reach that, a folder in /var/lib/logferry).",
    ),
]


def data_folder(data: Path | None) -> Path:
    """The data folder: the named one, or the usual place for this working folder."""
    from deploy.local.data import default_data_folder

    if data is not None:
        return data.absolute()
    if named := os.environ.get("LOGFERRY_DATA"):
        return Path(named).absolute()
    return default_data_folder(Path.cwd())


def find_settings(config: Path | None, data: Path | None) -> Settings:
    """The settings of the pipeline that was meant.

    In this order: the named file; the named data folder's; $LOGFERRY_CONFIG; what `up` wrote in the usual data folder;
    ./logferry.yaml; the defaults. Raises SettingsError.
    """
    from deploy.up.settings_file import settings_in

    if config is not None:
        return read_settings(config)
    found = settings_in(data_folder(data))
    if data is not None and found is None:
        raise SettingsError(
            "`logferry up` has never run there", where=str(data_folder(data)), remedy="name its data folder with --data"
        )
    if data is None and "LOGFERRY_CONFIG" in os.environ:
        return read_settings(None)
    return read_settings(found)


def be_quiet() -> None:
    """Client libraries log what the command says better; leave it to the command."""
    import logging

    logging.getLogger().addHandler(logging.NullHandler())
