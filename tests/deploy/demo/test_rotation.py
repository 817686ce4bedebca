"""Rotation does what kubelet does, in the same order."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.demo.logfile import ContainerLog
from deploy.demo.rotation import RotationLimits, rotate, rotate_if_due, rotated_files
from tests.deploy.demo.reading import everything, parse, rejoin

NOON = 1_795_262_400.0  # 2026-11-21 12:00:00 UTC


def write_and_rotate(live: Path, text: bytes, now: float, limits: RotationLimits | None = None) -> Path:
    live.write_bytes(text)
    return rotate(live, limits or RotationLimits(), now, lambda: live.touch())


def names(live: Path) -> list[str]:
    return [path.name for path in rotated_files(live)]


def test_the_newest_rotated_file_stays_uncompressed_and_older_ones_are_gzipped(tmp_path: Path) -> None:
    live = tmp_path / "0.log"
    write_and_rotate(live, b"first", NOON)
    assert names(live) == ["0.log.20261121-120000"]
    write_and_rotate(live, b"second", NOON + 10)
    assert names(live) == ["0.log.20261121-120000.gz", "0.log.20261121-120010"]
    assert gzip.decompress((tmp_path / "0.log.20261121-120000.gz").read_bytes()) == b"first"


def test_five_files_in_all_are_kept(tmp_path: Path) -> None:
    live = tmp_path / "0.log"
    for n in range(9):
        write_and_rotate(live, b"%d" % n, NOON + 10 * n)
    assert [
        path.read_bytes() if path.suffix != ".gz" else gzip.decompress(path.read_bytes())
        for path in rotated_files(live)
    ] == [
        b"5",
        b"6",
        b"7",
        b"8",
    ]
    assert len(list(tmp_path.iterdir())) == 5


def test_a_file_below_the_limit_stays_and_one_at_the_limit_goes(tmp_path: Path) -> None:
    live, limits = tmp_path / "0.log", RotationLimits(max_bytes=4)
    live.write_bytes(b"123")
    assert rotate_if_due(live, limits, NOON, live.touch) is None
    live.write_bytes(b"1234")
    assert rotate_if_due(live, limits, NOON, live.touch) == tmp_path / "0.log.20261121-120000"


def test_a_live_file_that_somebody_removed_is_opened_again(tmp_path: Path) -> None:
    live = tmp_path / "0.log"
    assert rotate_if_due(live, RotationLimits(), NOON, live.touch) is None
    assert live.exists()


def test_leftovers_of_an_interrupted_rotation_are_removed(tmp_path: Path) -> None:
    live = tmp_path / "0.log"
    for left in ("0.log.20261121-110000", "0.log.20261121-110000.gz", "0.log.20261121-111111.tmp"):
        (tmp_path / left).write_bytes(b"")
    write_and_rotate(live, b"x", NOON)
    assert names(live) == ["0.log.20261121-110000.gz", "0.log.20261121-120000"]


def test_a_second_rotation_within_a_second_is_lost_at_the_third_as_with_kubelet(tmp_path: Path) -> None:
    live = tmp_path / "0.log"
    for n in range(3):
        write_and_rotate(live, b"%d" % n, NOON + n * 0.3)
    live.write_bytes(b"live")
    assert everything(live) == b"2" + b"0" + b"live"  # 1 is gone; and 2 sorts before 0, under the same name


def test_other_restarts_of_the_container_are_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "10.log.20261121-110000"
    other.write_bytes(b"x")
    write_and_rotate(tmp_path / "0.log", b"x", NOON)
    write_and_rotate(tmp_path / "0.log", b"x", NOON + 1)
    assert other.exists()


def test_the_file_is_renamed_back_when_the_runtime_cannot_reopen(tmp_path: Path) -> None:
    live = tmp_path / "0.log"
    live.write_bytes(b"kept")

    def fail() -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        rotate(live, RotationLimits(), NOON, fail)
    assert live.read_bytes() == b"kept"
    assert names(live) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.binary(min_size=1, max_size=20), st.floats(0, 2.5)), max_size=12))
def test_with_unique_names_nothing_is_lost_however_often_it_rotates(steps: list[tuple[bytes, float]]) -> None:
    limits = RotationLimits(max_bytes=1, max_files=1000, unique_names=True)
    with TemporaryDirectory() as folder:
        log, now = ContainerLog(Path(folder) / "0.log"), NOON
        for text, pause in steps:
            now += pause
            log.write("stdout", text, int(now * 1e9))
            rotate_if_due(log.path, limits, now, lambda: log.reopen(int(now * 1e9)))  # noqa: B023 - called at once
        log.close(int(now * 1e9))
        *lines, rest = b"".join(text for text, _ in steps).split(b"\n")
        whole, left = rejoin(parse(everything(log.path)))
        assert b"\n".join([*whole, left]).replace(b"\r", b"") == b"\n".join([*lines, rest]).replace(b"\r", b"")


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 3), max_size=12), st.integers(2, 7))
def test_rotation_follows_its_model(pauses: list[int], max_files: int) -> None:
    limits = RotationLimits(max_files=max_files)
    with TemporaryDirectory() as folder:
        live, now, model = Path(folder) / "0.log", NOON, list[bytes]()
        for n, pause in enumerate(pauses):
            now += pause
            write_and_rotate(live, b"%d" % n, now, limits)
            model = [*model, b"%d" % n][-(max_files - 1) :]
        live.write_bytes(b"")
        assert everything(live) == b"".join(model)
        assert [path.suffix == ".gz" for path in rotated_files(live)] == [True] * (len(model) - 1) + [False] * bool(
            model
        )


def test_half_a_line_at_a_rotation_is_partial_in_the_old_file_and_ends_in_the_new(tmp_path: Path) -> None:
    log = ContainerLog(tmp_path / "0.log")
    log.write("stdout", b"begin", 1)
    old = rotate(log.path, RotationLimits(), NOON, lambda: log.reopen(2))
    log.write("stdout", b" end\n", 3)
    log.close(4)
    assert [line[1:] for line in parse(old.read_bytes())] == [("stdout", "P", b"begin")]
    assert [line[1:] for line in parse(log.path.read_bytes())] == [("stdout", "F", b" end")]
