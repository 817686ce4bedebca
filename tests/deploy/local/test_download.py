"""Downloads: verified, whole or not there at all. One small artifact is fetched from the real repository."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.download import fetch, missing, verify
from deploy.local.lock import parse_coordinate, read_lock
from schemas.errors import FatalError

SMALL = min(read_lock()["kafka"].artifacts, key=lambda artifact: artifact.size)


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_an_artifact_arrives_verified_and_is_counted(tmp_path: Path, scratch: Path) -> None:
    counts: list[tuple[int, int]] = []

    fetch([SMALL], tmp_path / "maven", scratch, lambda done, total: counts.append((done, total)))

    verify(tmp_path / "maven" / SMALL.path, SMALL)
    assert counts[-1] == (SMALL.size, SMALL.size)
    assert missing([SMALL], tmp_path / "maven") == []
    assert list(scratch.iterdir()) == []


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(tmp_path: Path, scratch: Path) -> None:
    wrong = replace(SMALL, sha256="0" * 64)

    with pytest.raises(FatalError) as refusal:
        fetch([wrong], tmp_path / "maven", scratch, lambda _done, _total: None)

    assert f"the checksum of {SMALL.coordinate} is wrong" in str(refusal.value)
    assert SMALL.sha256 in str(refusal.value)
    assert missing([wrong], tmp_path / "maven") == [wrong]


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_an_artifact_that_does_not_exist_is_named(tmp_path: Path, scratch: Path) -> None:
    nothing = parse_coordinate("org.apache.kafka:no-such-thing:jar:1.0", "0" * 64, 1)

    with pytest.raises(FatalError, match=r"could not download org\.apache\.kafka:no-such-thing:jar:1\.0"):
        fetch([nothing], tmp_path / "maven", scratch, lambda _done, _total: None)
    gc.collect()  # jgo does not close what answered 404


def test_half_a_file_is_not_trusted_and_is_replaced(tmp_path: Path, scratch: Path) -> None:
    half = tmp_path / "maven" / SMALL.path
    half.parent.mkdir(parents=True)
    half.write_bytes(b"PK")

    assert missing([SMALL], tmp_path / "maven") == [SMALL]
    fetch([SMALL], tmp_path / "maven", scratch, lambda _done, _total: None)

    verify(half, SMALL)
