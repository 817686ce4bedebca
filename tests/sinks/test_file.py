"""The destination `file`: every record in its file once, whatever became of the process, the disk or the file."""

from __future__ import annotations

import errno
import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import SettingsError, TemporaryError
from schemas.settings import parse_settings
from sinks.file.files import put_aside
from sinks.file.sink import Entry, FileDestination
from sinks.file.state import FileEnd, State, Written, read_state
from sinks.file.template import PathTemplate, fit
from sinks.verdict import Done, Retry
from tests.sinks.arrived import arrived


class Ids:
    """The topics' ids without a cluster."""

    def __init__(self, name: str = "first life") -> None:
        self.name = name

    def of(self, topic: str) -> str:
        return self.name


def destination(folder: Path, ids: str = "first life", path: str = "out.log", **changes: object) -> FileDestination:
    sink = {"type": "file", "topics": ["logs.app"], "path": f"{folder}/{path}", **changes}
    made = FileDestination("copy", parse_settings(json.dumps({"sinks": {"copy": sink}}), "logferry.yaml", {}))
    made._topic_ids = Ids(ids)  # type: ignore[assignment]
    made.prepare()
    return made


def entries(made: FileDestination, *numbers: int, **changes: object) -> list[Entry]:
    return made.build([arrived(number, **changes) for number in numbers]).pieces


def offsets(*paths: Path) -> list[int]:
    return [json.loads(line)["logferry"]["offset"] for path in paths for line in path.read_text().splitlines()]


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    import signal

    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def test_records_are_appended_in_their_order(tmp_path: Path) -> None:
    made = destination(tmp_path)
    assert made.send(entries(made, 1, 2)) == [Done.DELIVERED] * 2
    assert made.send(entries(made, 3)) == [Done.DELIVERED]
    assert offsets(tmp_path / "out.log") == [1, 2, 3]
    made.close()


def test_what_was_written_and_not_committed_is_passed_over(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.send(entries(made, 1, 2, 3))
    made.close()  # killed before Kafka had the commit: the same records come again
    again = destination(tmp_path)
    assert again.send(entries(again, 2, 3, 4)) == [Done.ALREADY_THERE, Done.ALREADY_THERE, Done.DELIVERED]
    assert offsets(tmp_path / "out.log") == [1, 2, 3, 4]
    again.close()


def test_what_a_crash_left_behind_the_last_batch_is_cut_off(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.send(entries(made, 1))
    made.close()
    with (tmp_path / "out.log").open("ab") as file:
        file.write(entries(made, 2)[0].data + b'{"id":"half')
    again = destination(tmp_path)
    assert again.send(entries(again, 2)) == [Done.DELIVERED]
    assert offsets(tmp_path / "out.log") == [1, 2]
    again.close()


def test_a_first_batch_that_was_half_written_is_cut_off(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made._begin([str(tmp_path / "out.log")])  # written down before the first byte
    made.close()
    (tmp_path / "out.log").write_bytes(b"half")
    again = destination(tmp_path)
    assert again.send(entries(again, 1)) == [Done.DELIVERED]
    assert offsets(tmp_path / "out.log") == [1]
    again.close()


def test_it_is_cut_off_also_when_the_file_was_moved_meanwhile(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.send(entries(made, 1))
    made.close()
    with (tmp_path / "out.log").open("ab") as file:
        file.write(entries(made, 2)[0].data)
    (tmp_path / "out.log").rename(tmp_path / "out.log.1")
    again = destination(tmp_path)
    again.send(entries(again, 2))
    assert (offsets(tmp_path / "out.log.1"), offsets(tmp_path / "out.log")) == ([1], [2])
    again.close()


def test_a_topic_that_was_made_anew_is_read_from_its_beginning(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.send(entries(made, 1, 2, 3))
    made.close()
    again = destination(tmp_path, ids="second life")
    assert again.send(entries(again, 1)) == [Done.DELIVERED]
    assert offsets(tmp_path / "out.log") == [1, 2, 3, 1]
    again.close()


def test_a_lower_offset_of_a_later_time_is_another_record() -> None:
    written = Written("id", 10, 1000)
    assert (written.has(9, 1000), written.has(9, 1001), written.has(10, 1000)) == (True, False, False)


def test_what_stood_in_a_file_before_stays(tmp_path: Path) -> None:
    (tmp_path / "out.log").write_text("by somebody else\n")
    made = destination(tmp_path)
    made.send(entries(made, 1))
    made.close()
    destination(tmp_path).close()
    assert (tmp_path / "out.log").read_text().startswith("by somebody else\n{")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """A disk that is full: the kernel takes a part of a write, then refuses with EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_batch_that_does_not_fit_on_the_disk_is_written_as_a_whole_once_there_is_room(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.send(entries(made, 1))
    batch = entries(made, *range(2, 30))
    with files_of_at_most((tmp_path / "out.log").stat().st_size + 5000):
        answers = made.send(batch)
    assert isinstance(answers[0], Retry)
    assert (answers[0].cause.partition(":")[0], bool(answers[0].remedy), len(set(answers))) == ("EFBIG", True, 1)
    assert made.send(batch) == [Done.DELIVERED] * 28
    assert offsets(tmp_path / "out.log") == list(range(1, 30))
    made.close()


def test_a_folder_that_is_away_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    made = destination(folder)
    made.send(entries(made, 1))
    folder.rename(tmp_path / "away")
    folder.write_text("no folder")
    answer = made.send(entries(made, 2))[0]
    assert isinstance(answer, Retry)
    assert "ENOTDIR" in answer.cause
    folder.unlink()
    (tmp_path / "away").rename(folder)
    assert made.send(entries(made, 2)) == [Done.DELIVERED]
    assert offsets(folder / "out.log") == [1, 2]
    made.close()


def test_a_file_that_is_moved_away_is_begun_anew_without_a_signal(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.send(entries(made, 1))
    (tmp_path / "out.log").rename(tmp_path / "out.log.1")
    made.send(entries(made, 2))
    assert (offsets(tmp_path / "out.log.1"), offsets(tmp_path / "out.log")) == ([1], [2])
    made.close()


def test_sighup_opens_files_anew(tmp_path: Path) -> None:
    import signal

    made = destination(tmp_path)
    made.send(entries(made, 1))
    before = made._files.paths
    signal.raise_signal(signal.SIGHUP)
    assert made.send(entries(made, 2)) == [Done.DELIVERED]
    assert (before, made._reopen.is_set()) == ({str(tmp_path / "out.log")}, False)
    made.close()


def test_a_file_that_was_emptied_in_place_goes_on_from_its_beginning(tmp_path: Path) -> None:
    made = destination(tmp_path)
    made.send(entries(made, 1))
    os.truncate(tmp_path / "out.log", 0)
    made.send(entries(made, 2))
    made.close()
    destination(tmp_path).close()
    assert offsets(tmp_path / "out.log") == [2]


def test_files_are_put_aside_by_size_and_only_so_many_are_kept(tmp_path: Path) -> None:
    made = destination(tmp_path, rotate_max_bytes=1, rotated_files_max=2)
    for number in range(1, 6):
        made.send(entries(made, number))
        assert offsets(*put_aside(str(tmp_path / "out.log"))) == list(range(1, number))[-2:]
    assert offsets(tmp_path / "out.log") == [5]
    made.close()


def test_files_are_put_aside_by_age_also_of_a_process_before(tmp_path: Path) -> None:
    made = destination(tmp_path, rotate_max_age_secs=3600)
    made.send(entries(made, 1))
    made.close()
    state = tmp_path / ".logferry-copy.json"
    known = json.loads(state.read_text())
    known["files"][str(tmp_path / "out.log")]["since"] -= 3601
    state.write_text(json.dumps(known))
    again = destination(tmp_path, rotate_max_age_secs=3600)
    again.send(entries(again, 2))
    assert (offsets(*put_aside(str(tmp_path / "out.log"))), offsets(tmp_path / "out.log")) == ([1], [2])
    again.close()


def test_a_path_has_a_file_for_each_value_and_only_so_many_are_open(tmp_path: Path) -> None:
    made = destination(tmp_path, path="{day}/{namespace}.log", open_files_max=2)
    batch = [entry for name in ("a", "b", "c", "d") for entry in entries(made, ord(name), namespace=name)]
    assert made.send(batch) == [Done.DELIVERED] * 4
    assert sorted(path.name for path in tmp_path.glob("*/*.log")) == ["a.log", "b.log", "c.log", "d.log"]
    assert len(made._files.paths) == 2
    made.close()


def test_two_processes_do_not_write_the_same_files(tmp_path: Path) -> None:
    made = destination(tmp_path)
    with pytest.raises(TemporaryError, match="another process writes these files"):
        destination(tmp_path)
    made.close()
    destination(tmp_path).close()


def test_a_state_file_of_something_else_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / ".logferry-copy.json").write_text('{"version": 2}')
    with pytest.raises(SettingsError, match="no state file of this sink"):
        destination(tmp_path)


def test_a_pipe_under_the_name_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "out.log")
    made = destination(tmp_path)
    answer = made.send(entries(made, 1))[0]
    assert isinstance(answer, Retry)
    assert answer.cause.startswith(errno.errorcode[errno.ENXIO])
    made.close()


@given(st.text(max_size=300))
def test_no_value_leads_out_of_its_folder(value: str) -> None:
    path = Path(PathTemplate("/out/{namespace}/{topic}.log").path(("", value), "logs.app"))
    assert (path.parents[1], len(path.parents[0].name) <= 200) == (Path("/out"), True)
    assert ".." not in path.parts


def test_values_keep_apart_what_a_name_can_hold() -> None:
    assert [fit(each) for each in ("", ".", "..", "a/b", "grün", "web-1.2_x")] == [
        "_none", "_", "__", "a_b", "gr_n", "web-1.2_x",
    ]  # fmt: skip


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)


@given(
    st.dictionaries(names, st.builds(FileEnd, st.integers(0), st.integers(0), st.floats(0, 1e10)), max_size=3),
    st.dictionaries(
        st.tuples(names, st.integers(0, 9)), st.builds(Written, names, st.integers(0), st.integers(-1)), max_size=3
    ),
)
def test_a_state_is_read_as_it_was_written(
    files: dict[str, FileEnd], partitions: dict[tuple[str, int], Written]
) -> None:
    state = State(files, partitions)
    assert read_state(state.text()) == state
