"""`logferry archive ls` says what is there, what manifests account for, and what is wrong."""

from __future__ import annotations

import json

import obstore
import pytest
from obstore.store import LocalStore

from deploy.archive.summary import PartitionFigures, coalesced
from schemas.errors import SettingsError
from sinks.object_storage.compaction import Compaction
from sinks.object_storage.retention import delete, expired
from tests.deploy.archive.conftest import Run, record
from tests.sinks.archives import archive, names
from tests.sinks.compactions import LATER


def test_hours_and_namespaces_have_their_figures(filled: LocalStore, run: Run) -> None:
    found = json.loads(run("ls", "archive", "--json").stdout)
    rows = [(each["hour"], each["namespace"], each["objects"], each["records"]) for each in found["hours"]]
    assert rows == [
        ("2026-11-21T12", "dev", 2, 23),
        ("2026-11-21T12", "shop", 2, 22),
        ("2026-11-21T13", "dev", 1, 5),
        ("2026-11-21T13", "shop", 1, 5),
    ]
    (partition,) = found["partitions"]
    assert partition["records"] == partition["offsets"] == 55
    assert partition["gaps"] == []


def test_a_range_namespaces_and_topics_can_be_chosen(filled: LocalStore, run: Run) -> None:
    words = ("--since", "2026-11-21T13:00Z", "--namespace", "sh*", "--topic", "logs.*")
    (row,) = json.loads(run("ls", "archive", *words, "--json").stdout)["hours"]
    assert (row["hour"], row["namespace"]) == ("2026-11-21T13", "shop")
    assert json.loads(run("ls", "archive", "--until", "2026-11-21T12:00Z", "--json").stdout)["hours"] == []
    assert json.loads(run("ls", "archive", "--topic", "logs.other", "--json").stdout)["hours"] == []


def test_offsets_in_no_objects_range_are_told_as_such(store: LocalStore, run: Run) -> None:
    archive(store, {0: record(0), 2: record(2)})
    archive(store, {9: record(4)})
    (partition,) = json.loads(run("ls", "archive", "--json").stdout)["partitions"]
    assert partition["gaps"] == [[3, 8]]
    assert (partition["offsets"], partition["records"]) == (10, 3)
    assert "3-8" in run("ls", "archive").stdout


def test_gaps_are_between_ranges_only() -> None:
    figures = PartitionFigures("logs.app", 0, 0, [(5, 9), (0, 3), (10, 12), (20, 20), (2, 6)])
    assert figures.gaps == [(13, 19)]
    assert coalesced([(5, 9), (0, 3), (10, 12), (4, 4)]) == [(0, 12)]


def test_objects_are_listed_with_their_offsets(filled: LocalStore, run: Run) -> None:
    rows = json.loads(run("ls", "archive", "--objects", "--json").stdout)
    assert [each["name"] for each in rows] == [name for name in names(filled) if "_manifest" not in name]
    assert (rows[0]["first_offset"], rows[0]["last_offset"], rows[0]["records"]) == (1, 19, 10)
    assert "3-00000000000000000001.parquet" in run("ls", "archive", "--objects").stdout


@pytest.mark.parametrize("words", [["--check"], ["--check", "--read"]])
@pytest.mark.parametrize("name", ["archive", "raw"])
def test_a_good_archive_passes_its_check(filled: LocalStore, run: Run, words: list[str], name: str) -> None:
    assert json.loads(run("ls", name, *words, "--json").stdout)["ok"] is True
    assert run("ls", name, *words).stdout.startswith("everything is there")


@pytest.mark.parametrize("compacted", [False, True])
def test_names_with_both_offsets_are_a_sinks_or_a_compactions(store: LocalStore, run: Run, compacted: bool) -> None:
    """In a store without conditional writes a sink gives them too."""
    for start in (0, 10):
        archive(store, {start + number: record(start + number) for number in range(10)}, both_ends=True)
    if compacted:
        list(Compaction().run(store, ["logs.app"], LATER))
    rows = json.loads(run("ls", "archive", "--objects", "--json").stdout)
    ends = [(each["first_offset"], each["last_offset"], each["records"]) for each in rows]
    assert ends == ([(1, 19, 10), (0, 18, 10)] if compacted else [(1, 9, 5), (11, 19, 5), (0, 8, 5), (10, 18, 5)])
    assert json.loads(run("ls", "archive", "--check", "--read", "--json").stdout)["findings"] == []
    (over,) = expired(store, ["logs.app"], 1, LATER).over
    assert (over.objects, over.records) == (len(rows), 20)
    delete(store, over)
    assert names(store) == []


def test_a_missing_object_is_named(filled: LocalStore, run: Run) -> None:
    name = next(name for name in names(filled) if "/dev/" in name)
    obstore.delete(filled, name)
    (finding,) = json.loads(run("ls", "archive", "--check", "--json", good=False).stdout)["findings"]
    assert (finding["kind"], finding["name"]) == ("missing", name)
    assert "10 records, offsets 1 to 19" in finding["message"]


def test_an_object_of_another_size_is_named(filled: LocalStore, run: Run) -> None:
    name = next(name for name in names(filled) if "/dev/" in name)
    obstore.put(filled, name, b"short")
    output = run("ls", "archive", "--check", good=False).stdout
    assert f"size: {name} has 5 bytes" in output


def test_damage_is_found_by_reading_only(filled: LocalStore, run: Run) -> None:
    first, second = [name for name in names(filled) if "/dev/" in name][:2]
    whole = bytes(obstore.get(filled, first).bytes())
    obstore.put(filled, first, b"x" * len(whole))
    other = bytearray(bytes(obstore.get(filled, second).bytes()))
    other[40] ^= 1
    obstore.put(filled, second, bytes(other))
    run("ls", "archive", "--check")
    findings = json.loads(run("ls", "archive", "--check", "--read", "--json", good=False).stdout)["findings"]
    assert [each["name"] for each in findings] == [first, second]
    assert findings[0]["kind"] == "damaged"


def test_a_manifest_that_cannot_be_read_is_named(filled: LocalStore, run: Run) -> None:
    name = next(name for name in names(filled) if "_manifest" in name)
    obstore.put(filled, name, b"{}")
    (finding,) = json.loads(run("ls", "archive", "--check", "--json", good=False).stdout)["findings"]
    assert (finding["kind"], finding["name"]) == ("manifest", name)


def test_an_archive_of_nothing_is_no_mistake(store: LocalStore, run: Run) -> None:
    assert "nothing is archived" in run("ls", "archive").stderr
    assert json.loads(run("ls", "archive", "--check", "--json").stdout)["ok"] is True


def test_foreign_files_are_counted_and_passed_over(filled: LocalStore, run: Run) -> None:
    for name in ("logs.app/dt=2026-11-21/hour=12/x", "logs.app/dt=2026-11-21/y", "z", "logs.app/dt=bad/hour=99/q"):
        obstore.put(filled, name, b"?")
    assert json.loads(run("ls", "archive", "--json").stdout)["foreign"] == 1
    run("ls", "archive", "--check")


def test_without_a_name_it_says_which_there_are(filled: LocalStore, run: Run) -> None:
    with pytest.raises(SettingsError, match="several archives") as caught:
        run("ls")
    assert caught.value.remedy == "name one of them behind the command: archive, raw"
    with pytest.raises(SettingsError, match="no sink 'archiv'") as caught:
        run("ls", "archiv")
    assert caught.value.remedy == "choose one of: archive, raw"
    with pytest.raises(SettingsError, match="'yesterday' is no moment"):
        run("ls", "archive", "--since", "yesterday")
    with pytest.raises(SettingsError, match="range is empty"):
        run("ls", "archive", "--since", "1h", "--until", "2h")
