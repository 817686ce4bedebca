"""The oracle finds each kind of defect, and only that; the load writes what the oracle expects."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.demo.lines import Lines, Profile, read
from deploy.demo.load import Load, LoadPlan
from deploy.demo.oracle import UNKNOWN, Expected, Oracle, ranges
from deploy.demo.rotation import RotationLimits
from tests.deploy.demo.reading import everything, parse, rejoin

if TYPE_CHECKING:
    from pathlib import Path

LINES = Lines(Profile())
TEN = [LINES.content("a", n) for n in range(10)]


def oracle() -> Oracle:
    return Oracle({"a": Expected(10)})


def feed(texts: list[bytes]) -> Oracle:
    judge = oracle()
    for at, text in enumerate(texts):
        judge.feed(f"id{at}", text)
    return judge


def test_everything_once_is_clean() -> None:
    verdict = feed(TEN).verdict()
    assert verdict.is_clean
    assert (verdict.expected, verdict.arrived, verdict.repeated) == (10, 10, 0)


def test_a_missing_line_is_found() -> None:
    verdict = feed(TEN[:3] + TEN[5:]).verdict()
    assert verdict.missing == {"a": 2}
    assert verdict.examples == ["missing: a 3-4"]


def test_a_line_under_two_ids_is_extra_and_under_one_id_twice_is_a_repetition() -> None:
    judge = feed(TEN)
    judge.feed("id0", TEN[0])
    assert judge.verdict().repeated == 1
    assert judge.verdict().is_clean
    judge.feed("other", TEN[0])
    assert judge.verdict().extra == {"a": 1}


def test_lines_that_nobody_wrote_are_extra() -> None:
    judge = feed(TEN)
    judge.feed("x", b"hello")
    judge.feed("y", LINES.content("a", 10))
    judge.feed("z", LINES.content("b", 1))
    assert judge.verdict().extra == {"a": 1, UNKNOWN: 2}


def test_an_altered_line_is_found_and_counts_as_missing() -> None:
    verdict = feed([TEN[0].replace(b'"level"', b'"lever"').replace(b"] ", b"]  "), *TEN[1:]]).verdict()
    assert (verdict.altered, verdict.missing, verdict.extra) == ({"a": 1}, {"a": 1}, {})


@given(st.integers(0, 9), st.data())
def test_no_single_byte_can_change_unnoticed(line: int, data: st.DataObject) -> None:
    text = bytearray(TEN[line])
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= data.draw(st.integers(1, 255))
    judge = oracle()
    judge.feed("x", bytes(text))
    assert judge.verdict().arrived == 0
    assert judge.verdict().altered or judge.verdict().extra


@given(st.one_of(st.text(), st.binary()))
def test_any_text_can_be_fed(text: str | bytes) -> None:
    judge = oracle()
    judge.feed("x", text)
    assert judge.verdict().arrived == 0


def test_a_pipeline_that_drops_below_warn_owes_only_the_rest() -> None:
    judge = Oracle({"a": Expected(1000)}, LINES.is_warn)
    for n in range(1000):
        if LINES.is_warn(n):
            judge.feed(str(n), LINES.content("a", n))
    assert (judge.verdict().expected, judge.verdict().is_clean) == (300, True)
    quiet = next(n for n in range(1000) if not LINES.is_warn(n))
    judge.feed("q", LINES.content("a", quiet))
    assert judge.verdict().extra == {"a": 1}


def test_nine_lines_in_ten_are_json_of_about_180_bytes_and_levels_agree() -> None:
    texts = [LINES.content("load-00", n) for n in range(1000)]
    documents = [(n, json.loads(text)) for n, text in enumerate(texts) if text.startswith(b"{")]
    assert len(documents) == 900
    assert all((fields["level"] in {"warn", "error", "fatal"}) == LINES.is_warn(n) for n, fields in documents)
    assert all(fields["src"] == "load-00" and fields["seq"] == n for n, fields in documents)
    assert all((text[:1] in b"WE") == LINES.is_warn(n) for n, text in enumerate(texts) if not text.startswith(b"{"))
    sizes = [len(text) for text in texts if text.startswith(b"{")]
    assert 170 <= sum(sizes) / len(sizes) <= 190


def test_numbers_are_told_as_ranges() -> None:
    assert ranges((1, 2, 3, 7, 9, 10)) == ["1-3", "7", "9-10"]


def judge_files(root: Path, summary: dict[str, Any]) -> Oracle:
    judge = Oracle.of(summary)
    for link in root.glob("var/log/containers/*.log"):
        lines = parse(everything(link.readlink()))
        for stream in ("stdout", "stderr"):
            for n, text in enumerate(rejoin(lines, stream)[0]):
                judge.feed(f"{link.name}{stream}{n}", text)
    return judge


@pytest.mark.parametrize("straddle", [False, True])
def test_a_load_with_long_lines_and_many_rotations_is_all_there(tmp_path: Path, *, straddle: bool) -> None:
    plan = LoadPlan(
        files=3,
        lines=20_000,
        rate=40_000,
        straddle=straddle,
        profile=Profile(long_share=0.01),
        rotation=RotationLimits(check_interval_secs=0.05, max_bytes=1, max_files=1000, unique_names=True, gzip_level=1),
    )
    load = Load(tmp_path, plan)
    assert [pod["labels"]["app"] for pod in load.pods()] == ["load"] * 3
    summary = load.write()
    assert summary["rotations"] >= 6
    verdict = judge_files(tmp_path, summary).verdict()
    assert verdict.is_clean, verdict.examples
    assert verdict.arrived == 20_000
    ends = [gone.suffix != ".gz" and parse(gone.read_bytes())[-1].tag for gone in tmp_path.rglob("0.log.*")]
    assert straddle or "P" not in ends


def test_loads_are_the_same_every_time(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        Load(tmp_path / name, LoadPlan(files=2, lines=1001, profile=Profile(seed=7))).write()
        links = sorted((tmp_path / name).glob("var/log/containers/*.log"))
        texts.append([[line.content for line in parse(link.read_bytes())] for link in links])
    assert texts[0] == texts[1]
    assert [len(lines) for lines in texts[0]] == [501, 500]


def test_poison_is_counted_by_kind(tmp_path: Path) -> None:
    summary = Load(tmp_path, LoadPlan(files=1, lines=900, poison_every=100)).write()
    assert sum(summary["poison"].values()) == 9
    assert summary["poison"]["not_cri"] == 2
    text = next(tmp_path.glob("var/log/containers/*.log")).read_bytes()
    assert b"\npoison not_cri" in text
    assert b"stdout F poison nul \x00\x00" in text


def test_as_a_process_it_ends_on_sigterm_with_a_summary_of_what_it_wrote(tmp_path: Path) -> None:
    words = ["--root", str(tmp_path), "--files", "2", "--lines", "1000000", "--rate", "5000"]
    process = subprocess.Popen([sys.executable, "-m", "deploy.demo.load", *words], stdout=subprocess.PIPE)
    try:
        while not any(path.stat().st_size for path in tmp_path.glob("var/log/containers/*.log")):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        summary = json.loads(process.communicate(timeout=20)[0])
    finally:
        process.kill()
    assert 0 < summary["lines"] < 1_000_000
    verdict = judge_files(tmp_path, summary).verdict()
    assert (verdict.is_clean, verdict.arrived) == (True, summary["lines"])


def test_a_line_says_where_it_comes_from() -> None:
    for n in range(200):
        assert read(LINES.content("load-07", n)) == ("load-07", n, True)
