"""`logferry archive query` answers SQL over the objects of a range, every record counted once."""

from __future__ import annotations

import csv
import io
import json
import random
import time
from typing import Any

import obstore
import pytest
from obstore.store import LocalStore

from deploy.archive import query as query_module
from deploy.archive.catalog import Wanted
from schemas.errors import SettingsError
from sinks.object_storage.compaction import Compaction
from tests.deploy.archive.conftest import Run, record
from tests.sinks.archives import archive, names


def answer(run: Run, statement: str, *words: str, good: bool = True) -> list[dict[str, Any]]:
    output = run("query", statement, "archive", *words, "--json", good=good).stdout
    return [json.loads(line) for line in output.splitlines()]


def test_severities_are_counted_by_name(filled: LocalStore, run: Run) -> None:
    assert answer(run, "select severity, count(*) as n from logs group by all order by 1") == [
        {"severity": "ERROR", "n": 25},
        {"severity": "INFO", "n": 25},
    ]


@pytest.mark.parametrize("seed", range(3))
def test_a_record_counts_once_however_often_it_is_stored(store: LocalStore, run: Run, seed: int) -> None:
    draw = random.Random(seed)
    numbers = [draw.randrange(60) for _ in range(150)]
    for start in range(0, 150, 30):
        archive(store, {start + n: record(number) for n, number in enumerate(numbers[start : start + 30])})
    expected = [{"n": len(set(numbers)), "ids": len(set(numbers)), "total": sum(set(numbers))}]
    asked = "select count(*) n, count(distinct id) ids, sum(byte_offset) total from logs"
    assert answer(run, asked) == expected
    list(Compaction().run(store, ["logs.app"], time.time() + 10**8))
    assert answer(run, asked) == expected


def test_compacted_objects_are_not_looked_through(filled: LocalStore, run: Run) -> None:
    from deploy.archive.catalog import Archive
    from schemas.settings import ObjectStorageSink

    sink = ObjectStorageSink(type="object_storage", topics=("logs.app",), url="file:///x")
    opened = Archive("archive", sink, filled)
    assert len(query_module.find(opened, Wanted()).suspects) == 6
    list(Compaction().run(filled, ["logs.app"], time.time() + 10**8))
    found = query_module.find(opened, Wanted())
    assert [each.place.hour % 86_400 // 3600 for each in found.suspects] == [13, 13]


def test_columns_are_friendly(filled: LocalStore, run: Run) -> None:
    columns = "timestamp, timestamp_ns, namespace, message, labels['app'] app, attributes['status'] a, status, topic"
    (row,) = answer(run, f"select {columns} from logs order by timestamp limit 1")
    assert row == {
        "timestamp": "2026-11-21T12:00:00Z", "timestamp_ns": "2026-11-21T12:00:00Z", "namespace": "shop",
        "message": "line 0", "app": "numbers-api", "a": "404", "status": 404, "topic": "logs.app",
    }  # fmt: skip


def test_ranges_leave_objects_out_and_rows_too(filled: LocalStore, run: Run) -> None:
    asked = "select count(*) n, count(distinct object) objects from logs"
    where = "dt = '2026-11-21' and hour = 13"
    assert answer(run, f"{asked} where {where}") == [{"n": 10, "objects": 2}]
    assert answer(run, asked, "--since", "2026-11-21T13:00Z") == [{"n": 10, "objects": 2}]
    assert answer(run, asked, "--until", "2026-11-21T12:00:00.003Z", "--namespace", "dev") == [{"n": 1, "objects": 1}]
    assert answer(run, "select count(*) n from logs where timestamp > now() - interval 100 year") == [{"n": 50}]


def test_an_empty_archive_has_all_columns(store: LocalStore, run: Run) -> None:
    obstore.put(store, "logs.app/dt=2026-11-21/hour=12/shop/foreign.parquet", b"?")
    asked = "select severity, count(*) n from logs where labels['app'] = 'x' and hour > 3 group by all"
    assert answer(run, asked) == []
    assert run("query", asked, "archive").stderr == "no rows\n"


def test_csv_has_a_line_of_names(filled: LocalStore, run: Run) -> None:
    output = run("query", "select message, attributes from logs order by timestamp limit 1", "archive", "--csv").stdout
    assert list(csv.reader(io.StringIO(output))) == [["message", "attributes"], ["line 0", '{"status":"404"}']]


def test_a_table_is_for_people(filled: LocalStore, run: Run) -> None:
    output = run("query", "select namespace, count(*) as records from logs group by all order by 1", "archive").stdout
    assert [line.split() for line in output.splitlines()] == [["namespace", "records"], ["dev", "25"], ["shop", "25"]]


@pytest.mark.parametrize(
    ("statement", "message", "remedy"),
    [
        ("select severty from logs", 'Referenced column "severty" not found', "severity_number"),
        ("selec 1", 'syntax error at or near "selec"', "duckdb"),
        ("select * from log", "Table with name log does not exist", "the view is called logs"),
        ("select message::int from logs", "Could not convert string", ""),
        ("select nothing(1)", "nothing", ""),
        ("", "there is no statement", "duckdb"),
        (" -- nothing but a comment", "there is no statement", "duckdb"),
    ],
)
def test_mistakes_are_short_messages(filled: LocalStore, run: Run, statement: str, message: str, remedy: str) -> None:
    with pytest.raises(SettingsError) as caught:
        run("query", statement, "archive")
    assert message in caught.value.problem
    assert remedy in caught.value.remedy
    assert "\n" not in caught.value.problem


def test_raw_archives_are_not_for_sql(filled: LocalStore, run: Run) -> None:
    with pytest.raises(SettingsError, match="archive in Avro"):
        run("query", "select 1", "raw")
    assert json.loads(run("query", "select 1 as one", "--json").stdout) == {"one": 1}  # only one suits


def test_damaged_objects_are_named_and_left_out(filled: LocalStore, run: Run) -> None:
    bad = next(name for name in names(filled) if "/dev/" in name)
    obstore.put(filled, bad, b"PAR1 nothing PAR1")
    result = run("query", "select count(*) n from logs where namespace = 'shop'", "archive", "--json", good=False)
    assert json.loads(result.stdout) == {"n": 25}
    assert f"warning: {bad} is damaged" in result.stderr


def test_objects_that_are_compacted_meanwhile_are_found_again(
    filled: LocalStore, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real: Any = query_module.find
    compacted: list[object] = []

    def find(*arguments: Any) -> Any:
        found = real(*arguments)
        if not compacted:
            compacted.extend(Compaction().run(filled, ["logs.app"], time.time() + 10**8))
        return found

    monkeypatch.setattr(query_module, "find", find)
    assert answer(run, "select count(*) n from logs") == [{"n": 50}]
    assert len(compacted) == 2
