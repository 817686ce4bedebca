"""An audit as people and machines read it."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from deploy.audit.core.result import Audit, Lost, Problem, Row
from deploy.cli.app import app
from deploy.cli.audit_shown import print_costs, print_found, to_json


def row(**changes: object) -> Row:
    known: dict[str, object] = {
        "namespace": "shop", "bytes": 2048, "lines": 20, "routed": {"logs.app": 12}, "joined": 1,
        "dropped": {"severity/annotation": 5, "sampled": 2},
        "sinks": {"search": {"indexed": 12, "bytes": 1200}},
    }  # fmt: skip
    return Row(**(known | changes))  # type: ignore[arg-type]


LOST = Lost("/var/log/a.log", "node-1", "shop", "8d7c1f0b52a9e346", 10, 30, "removed", open_end=True, detail="gone")
PROBLEM = Problem("skipped_chunk", "logs.raw partition 0, offset 7", "nobody worked on it", "logferry replay …")


def test_what_balances_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_found(Audit(namespaces=[row()], total=row(), pending={"raw": 0}, entries=3), "namespace", verify=False)
    text = capsys.readouterr().out
    assert "severity/annotation 5" in text
    assert "search: indexed 12" in text
    assert text.endswith("pending: nothing\nit balances\n")


def test_problems_stand_with_their_meaning_and_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    found = Audit(problems=[PROBLEM], lost=[LOST], pending={"raw": 2, "sink/search": 5, "node": 7}, notes=["a note"])
    found.verified = {"search": 10}
    print_found(found, "namespace", verify=True)
    text = capsys.readouterr().out
    assert "they tell of no line" in text
    assert "2 chunks in logs.raw" in text
    assert "5 records before sink/search" in text
    assert "30 or more" in text
    assert "compared: 10 in search" in text
    assert "skipped_chunk: a chunk in logs.raw that the stream's group is past and that nobody worked on" in text
    assert "do: logferry replay …" in text
    assert not found.balances
    assert not found.is_settled


def test_several_rows_have_a_sum(capsys: pytest.CaptureFixture[str]) -> None:
    found = Audit(containers=[row(pod="a", container="x"), row(pod="b", container="x")], total=row(lines=40))
    print_found(found, "container", verify=False)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [each[0] for each in lines if each[:1] in (["shop"], ["all"])] == ["shop", "shop", "all"]


def test_json_has_everything() -> None:
    told = json.loads(json.dumps(to_json(Audit(namespaces=[row()], lost=[LOST], problems=[PROBLEM]))))
    assert (told["balances"], told["settled"]) == (False, True)
    assert told["namespaces"][0]["sampled"] == 2
    assert told["lost"][0]["path"] == "/var/log/a.log"
    assert told["problems"][0] == {
        "kind": PROBLEM.kind, "where": PROBLEM.where, "message": PROBLEM.message, "remedy": PROBLEM.remedy,
    }  # fmt: skip


def test_costs_are_csv() -> None:
    out = io.StringIO()
    print_costs(Audit(hours=[row(hour="2026-11-21T13"), row(hour="")]), out)
    assert list(csv.DictReader(io.StringIO(out.getvalue()))) == [
        {
            "hour": "2026-11-21T13", "namespace": "shop", "read_bytes": "2048", "read_lines": "20",
            "dropped_lines": "7", "dead_letter_lines": "0", "search_records": "12", "search_bytes": "1200",
        }
    ]  # fmt: skip


def test_a_moment_that_is_none_is_a_mistake_in_the_command() -> None:
    result = CliRunner().invoke(app, ["audit", "--since", "yesterdayish"])
    assert result.exit_code != 0
    assert "is no moment" in str(result.exception)
