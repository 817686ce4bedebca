"""A folder that the servers' user can reach: pytest's own tmp_path is closed to everybody else."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="logferry-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
