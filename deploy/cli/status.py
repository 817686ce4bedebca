"""``logferry status``: one screen of what runs, lags and fails."""

from __future__ import annotations

from pathlib import Path

from deploy.cli.instance import Data, be_quiet, data_folder, find_settings
from deploy.cli.options import Config, Json
from deploy.cli.output import print_json


def status(config: Config = None, data: Data = None, *, json: Json = False) -> None:
    """Show stages, servers, topics and documents of a pipeline, and the last thing that went wrong."""
    from deploy.local.endpoints import find_endpoints
    from deploy.up.settings_file import settings_in
    from deploy.up.status import take_status

    be_quiet()
    folder = _folder(config, data)
    known = config is not None or (folder is not None and settings_in(folder) is not None)
    has_servers = config is not None or (folder is not None and find_endpoints(folder) is not None)
    found = take_status(folder, find_settings(config, data) if known else None, ask_servers=has_servers)
    if json:
        print_json(found.as_json())
        return
    from deploy.cli.screen import wide_console
    from deploy.up.view import status_screen

    wide_console().print(status_screen(found))


def _folder(config: Path | None, data: Path | None) -> Path | None:
    """The data folder that is meant; a settings file that `up` wrote lies in one, any other has none."""
    if config is None or data is not None:
        return data_folder(data)
    return config.absolute().parent if (config.absolute().parent / "up.json").exists() else None
