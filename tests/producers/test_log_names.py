"""Names say which log a file belongs to and when it was written, for every way of rotating that is in use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.files.log_names import LIVE, LogFileName, logs_in, rotated_name


@pytest.mark.parametrize(
    ("entry", "base"),
    [
        ("syslog.1", "syslog"),
        ("syslog.2.gz", "syslog"),
        ("kern.log-20261121", "kern.log"),
        ("kern.log-20261121.gz", "kern.log"),
        ("kern.log-20261121-1732150000", "kern.log"),
        ("app-20261121.log", "app.log"),
        ("app.log.2026-11-21", "app.log"),
        ("app.log.2026-11-21_10-00-00", "app.log"),
        ("audit-2026-11-21T01-02-03.004.log", "audit.log"),
        ("audit-2026-11-21T01-02-03.004.log.gz", "audit.log"),
        ("app.log.old", "app.log"),
        ("app.log.xz", "app.log"),
        ("app.2026-11-21.3.log", "app.log"),
        ("app.log", None),
        ("app-2.log", None),
        ("worker-19991.log", None),
        (".gz", None),
        ("99999999", None),
    ],
)
def test_a_name_says_which_log_was_rotated_to_it(entry: str, base: str | None) -> None:
    found = rotated_name(entry)
    assert (None if found is None else found.base) == base


@pytest.mark.parametrize(
    "names",
    [
        ["a.3.gz", "a.2.gz", "a.1", "a"],
        ["a-20261119.gz", "a-20261120", "a-20261121", "a"],
        ["a-20261121-1.gz", "a-20261121-2", "a-20261121-10", "a"],
        ["a.2026-11-20", "a.2026-11-21", "a"],
        ["a-2026-11-21T01-02-03.004", "a-2026-11-21T01-02-03.005", "a"],
        ["a.10", "a.9", "a.1", "a"],
    ],
)
def test_files_are_put_in_the_order_in_which_they_were_written(names: list[str]) -> None:
    found = logs_in(sorted(names), [])["a"]
    assert sorted(found, key=found.__getitem__) == names


def test_a_compressed_copy_comes_after_the_plain_one_of_the_same_time() -> None:
    found = logs_in(["a", "a.1.gz", "a.1"])["a"]
    assert sorted(found, key=found.__getitem__) == ["a.1", "a.1.gz", "a"]


def test_numbered_files_without_the_log_itself_are_logs_of_their_own() -> None:
    assert logs_in(["worker.1", "worker.2"]) == {"worker.1": {"worker.1": LIVE}, "worker.2": {"worker.2": LIVE}}


def test_numbered_files_belong_to_a_log_that_was_there_before() -> None:
    assert list(logs_in(["worker.1", "worker.2"], ["worker"])) == ["worker"]


def test_dated_files_belong_to_a_log_that_nobody_has_seen() -> None:
    assert logs_in(["a.log-20261121"]) == {
        "a.log": {"a.log-20261121": LogFileName(0, live=False, rotated="20261121", compressed=False)}
    }


def test_numbered_files_beside_dated_ones_belong_to_the_same_log() -> None:
    assert list(logs_in(["a.log-20261121", "a.log.1"])) == ["a.log"]


def test_a_compressed_file_is_read_as_what_is_in_it_even_when_the_log_is_gone() -> None:
    (name,) = logs_in(["backup.gz"])["backup"].values()
    assert (name.live, name.compressed) == (False, True)


entries = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20),
        st.from_regex(r"a(\.log)?([-._](2026)?-?11-?2[0-9])?(\.[0-9]{1,5}|\.old)?(\.gz|\.xz|\.bz2)?", fullmatch=True),
    ),
    unique=True,
    max_size=12,
)


@given(entries, st.lists(st.sampled_from(["a", "a.log", "b"]), unique=True))
def test_every_file_of_a_folder_belongs_to_exactly_one_log(names: list[str], known: list[str]) -> None:
    found = logs_in(names, known)
    assert sorted(name for files in found.values() for name in files) == sorted(names)
    assert all(files for files in found.values())


@given(entries)
def test_a_log_has_at_most_one_file_that_is_written_to(names: list[str]) -> None:
    for base, files in logs_in(names).items():
        assert [entry for entry, name in files.items() if name.live] == [base for entry in files if entry == base]
