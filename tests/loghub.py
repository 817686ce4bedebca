"""Real log files of the Loghub collection, where they stand beside the repository.

They are no part of it. Where they are not there, tests/streams/test_parsers_loghub.py is not collected, and pytest's
header says so (tests/conftest.py).
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "loghub"
FILES = ("Apache_2k.log", "HDFS_2k.log", "Linux_2k.log", "OpenSSH_2k.log", "Spark_2k.log")
TESTS = Path(__file__).parent / "streams" / "test_parsers_loghub.py"


def are_there(folder: Path = FOLDER) -> bool:
    """Whether all files can be read."""
    return all((folder / name).is_file() for name in FILES)


def lines_of(name: str) -> list[bytes]:
    """The lines of a file."""
    return (FOLDER / name).read_bytes().splitlines()


def header(folder: Path = FOLDER) -> str:
    """What pytest says of them above its tests."""
    if are_there(folder):
        return f"loghub files: {folder}"
    number = TESTS.read_text().count("\ndef test_")
    return f"loghub files: not there, {number} tests of real files are not collected"
