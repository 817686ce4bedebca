"""Writers and faults of a node do what they say: files, links, disks and clocks, without any server."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.faults.disk import SmallDisk, can_mount
from bench.faults.node import crowds, folders
from bench.faults.node.clock import HOUR, Clock
from bench.faults.node.containers import TRACED, Container, containers_of
from bench.faults.node.crowds import ShortLived
from bench.faults.node.endings import SHORT, Persistent
from bench.faults.node.events import TRACE_EVERY, Events
from bench.faults.node.host_log import HostLog
from bench.faults.node.loop import Loop
from bench.faults.node.poison import CONTENTS, STDOUT_ONLY, VERBATIM, Poisoner
from bench.faults.node.scenarios import SCENARIOS
from deploy.demo.cri import Piece, encode
from deploy.demo.lines import Profile, read
from deploy.demo.oracle import Expected, Oracle


class Pods:
    """Stands where a pipeline's pods are made known."""

    def __init__(self) -> None:
        self.known: list[dict[str, Any]] = []

    def publish_pods(self, pods: list[dict[str, Any]]) -> None:
        self.known += pods


@pytest.fixture
def site(tmp_path: Path) -> Any:
    return Place(node=tmp_path / "node", pipeline=Pods())


class Place(SimpleNamespace):
    """As much of a site as writers need."""

    __hash__ = object.__hash__

    def hold(self, secs: float) -> None:
        time.sleep(secs / 10)


def contents(file: bytes) -> Iterator[bytes]:
    """The contents of CRI lines; pieces are put together, lines of both streams by themselves."""
    begun: dict[bytes, bytes] = {}
    for line in file.splitlines():
        _, stream, tag, content = line.split(b" ", 3)
        begun[stream] = begun.get(stream, b"") + content
        if tag == b"F":
            yield begun.pop(stream)


# -- lines -------------------------------------------------------------------------------------------------------------


def test_a_stack_trace_proves_itself_as_a_whole_and_its_last_line_alone_does_not() -> None:
    trace = TRACED.content("app", TRACE_EVERY - 1)
    assert trace.startswith(b"Traceback (most recent call last):\n")
    claim = read(trace)
    assert claim is not None
    assert (claim.source, claim.sequence, claim.intact) == ("app", TRACE_EVERY - 1, True)
    torn = read(trace.rpartition(b"\n")[2])
    assert torn is not None
    assert not torn.intact


def test_every_event_is_in_the_file_as_it_is_without_one() -> None:
    events = Events(Profile(long_share=0.2, klog_share=0.3), traces=True)
    pieces = [piece for piece in events.pieces("app", 0, 3 * TRACE_EVERY) if piece[0].startswith(b"stdout")]
    plain = [events.content("app", n) for n in range(3 * TRACE_EVERY)]
    assert [*contents(encode(pieces, 1))] == [each for each in plain if each.startswith(b"{")]


def pieces_of(name: str) -> list[Piece]:
    return CONTENTS[name]()


@pytest.mark.parametrize("name", CONTENTS)
def test_each_piece_of_odd_contents_is_poison_or_blank_to_the_oracle(name: str) -> None:
    pieces = [piece for piece in pieces_of(name) if b"E" not in piece[0]]
    oracle = Oracle({})
    oracle.feed("id", b"".join(content for _, content in pieces))
    assert oracle.verdict().is_clean


@pytest.mark.parametrize("name", [name for name in VERBATIM if name != "no_content"])
def test_each_line_that_is_hardly_one_is_poison_or_blank_to_the_oracle(name: str) -> None:
    oracle = Oracle({})
    oracle.feed("id", VERBATIM[name].rstrip(b"\n"))
    assert oracle.verdict().is_clean


def test_a_poisoner_gives_every_kind_in_turn_and_its_own_lines_whole(site: Any) -> None:
    writer = Poisoner(site, containers_of(site, "odd", 1, STDOUT_ONLY), rate=10_000.0)
    writer.start()
    until = time.monotonic() + 20
    while writer.written()["odd-00"] < 25 * (len(CONTENTS) + len(VERBATIM) + 1) and time.monotonic() < until:
        time.sleep(0.05)
    writer.stop()
    oracle = Oracle({"odd-00": Expected(writer.written()["odd-00"])})
    for path in writer.containers[0].log.path.parent.iterdir():
        for line in _unpacked(path).split(b"\n"):
            if b'src="odd-00"' in line or b'"src":"odd-00"' in line:
                oracle.feed(f"{path.name}", line.split(b" ", 3)[3])
    assert (oracle.verdict().missing, oracle.verdict().altered, oracle.verdict().examples) == ({}, {}, [])


def _unpacked(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


# -- files -------------------------------------------------------------------------------------------------------------


def test_a_new_file_takes_the_inode_of_the_removed_one_and_begins_alike(tmp_path: Path) -> None:
    log = HostLog(tmp_path / "app.log", "app", banner=b"# banner\n")
    log.write(3)
    inode = log.path.stat().st_ino
    assert log.replace(same_inode=True)
    log.write(1)
    log.close()
    assert log.path.stat().st_ino == inode
    assert log.path.read_bytes().startswith(b"# banner\n{")
    assert [path.name for path in tmp_path.iterdir()] == ["app.log"]


def test_a_program_that_does_not_append_leaves_a_hole_where_a_copy_was_taken(tmp_path: Path) -> None:
    log = HostLog(tmp_path / "app.log", "app", appends=False)
    log.write(2)
    size = log.path.stat().st_size
    log.copy_and_truncate()
    log.write(1)
    log.close()
    assert (tmp_path / "app.log.1").stat().st_size == size
    assert log.path.read_bytes()[:size] == bytes(size)
    assert read(log.path.read_bytes()[size:].rstrip(b"\n")) == ("app", 2, True)


@pytest.mark.parametrize("names", ["number", "dateext"])
def test_rotated_copies_keep_every_line_in_order_of_age(tmp_path: Path, names: Any) -> None:
    log = HostLog(tmp_path / "app.log", "app")
    for _ in range(4):
        log.write(5)
        log.compress_older(keep_plain=0)
        log.rename(names)
        log.reopen()
    log.close()
    found = b"".join(_unpacked(path) for path in reversed(log.rotated()))
    assert [claim.sequence for line in found.splitlines() if (claim := read(line))] == [*range(20)]
    assert sorted(path.suffix == ".gz" for path in log.rotated()) == [False, True, True, True]


def test_pods_of_a_moment_leave_nothing_but_their_count(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowds, "has_read", lambda _: True)
    writer = ShortLived(site, "fleeting", per_sec=50.0, life_secs=0.05, lines=4, most=9)
    writer.start()
    until = time.monotonic() + 10
    while len(writer.written()) < 9 and time.monotonic() < until:
        time.sleep(0.02)
    writer.stop()
    assert writer.written() == {f"fleeting-{number:05d}": 4 for number in range(9)}
    assert [*site.node.glob("var/log/*/*")] == []


@pytest.mark.parametrize("fault", [folders.Unreadable("pods"), folders.Replaced("containers"), folders.LinksTricked()])
def test_folders_and_links_are_what_they_were_when_a_fault_has_ended(site: Any, fault: Any) -> None:
    made = containers_of(site, "app", 6)
    before = {link.name: link.resolve(strict=True) for link in (site.node / "var/log/containers").glob("*.log")}
    fault.begin(site)
    fault.end(site)
    after = {link.name: link.resolve(strict=True) for link in (site.node / "var/log/containers").glob("*.log")}
    assert {name: target for name, target in after.items() if name in before} == before
    for each in made:
        each.close()


@pytest.fixture
def disk(site: Any) -> Iterator[SmallDisk]:
    assert can_mount(), "only root can mount: run the tests as root"
    made = SmallDisk(site.node, 2_000_000)
    yield made
    made.close()


def test_what_a_full_disk_did_not_take_is_written_once_there_is_room(site: Any, disk: SmallDisk) -> None:
    writer = Persistent(site, containers_of(site, "app", 2, SHORT), rate=500.0)
    writer.start()
    disk.fill()
    time.sleep(0.3)
    disk.free()
    time.sleep(0.3)
    writer.stop()
    for each in writer.containers:
        found = [claim.sequence for line in contents(each.log.path.read_bytes()) if (claim := read(line))]
        assert found == [*range(each.sequence)]


def test_what_a_loop_meets_is_raised_where_it_is_stopped() -> None:
    def fail(_: float) -> None:
        raise OSError("disk gone")

    loop = Loop(fail, 0.001)
    loop.start()
    time.sleep(0.05)
    with pytest.raises(OSError, match="disk gone"):
        loop.stop()


def test_a_container_that_is_deleted_leaves_neither_link_nor_folder(tmp_path: Path) -> None:
    container = Container(tmp_path, "app")
    container.write(1)
    container.restart()
    container.write(1)
    container.close()
    container.delete()
    assert [*tmp_path.glob("var/log/*/*")] == []


# -- clocks ------------------------------------------------------------------------------------------------------------

WATCH = """
import datetime, threading, time
wall, since = time.time(), time.monotonic()
print("ready", flush=True)
while abs(time.time() - wall) < 1800 and time.monotonic() - since < 20:
    time.sleep(0.01)
waited = threading.Condition()
with waited:
    waited.wait(0.1)
print(round(time.time() - wall), round(datetime.datetime.now().timestamp() - wall), time.monotonic() - since < 20)
"""


@pytest.mark.parametrize("secs", [HOUR, -HOUR])
def test_the_clock_of_one_process_jumps_while_it_runs(tmp_path: Path, secs: float) -> None:
    clock = Clock(tmp_path / "produce.clock")
    clock.set(0.0)
    command = [sys.executable, "-c", WATCH]
    with subprocess.Popen(command, env=os.environ | clock.environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert (process.stdout.readline(), clock.is_of(process.pid)) == ("ready\n", True)
        clock.set(secs)
        wall, date, in_time = process.stdout.read().split()
    assert abs(int(wall) - secs) < 10
    assert (abs(int(date) - secs) < 10, in_time) == (True, "True")


def test_scenarios_have_names_of_their_own() -> None:
    names = [scenario.name for scenario in SCENARIOS]
    assert len(set(names)) == len(names)
