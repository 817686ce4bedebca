"""Whatever lines come, where chunks are cut changes nothing, both encodings say the same, and the ledger balances."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deploy.pipeline_tests.file import PipelineTest
from deploy.pipeline_tests.load import LoadedTest, load_text
from deploy.pipeline_tests.run import Outcome, run_test
from schemas.settings import Settings

GOLDEN = Path(__file__).parents[2] / "streams/golden"
SAMPLES = sorted(
    {
        line
        for path in GOLDEN.glob("*.yaml")
        for case in yaml.safe_load(path.read_text())
        for line in case.get("line", "").split("\n")
        if line.isprintable() and len(line) < 300
    }
)
TRACE = [
    "Traceback (most recent call last):",
    '  File "a.py", line 1, in <module>',
    "ValueError: bad",
    'Exception in thread "main" java.lang.IllegalStateException: no',
    "\tat com.shop.Cart.pay(Cart.java:42)",
    "Caused by: java.io.IOException: closed",
    "panic: boom",
    "goroutine 1 [running]:",
    "main.main()",
    "",
]
RULES: list[dict[str, Any]] = [
    {},
    {"severity": [{"match": "**", "minimum": "warn"}]},
    {"redaction": [{"match": "**", "detect": ["token", "email", "ip"]}]},
    {"sampling": [{"match": "**", "per_second": 2, "below": "fatal"}]},
    {"sampling": [{"match": "**", "keep_one_in": 2}], "transform": [{"match": "**", "add": {"env": "prod"}}]},
    {"quotas": [{"namespaces": "*", "bytes_per_minute": 300}]},
    {"multiline": [{"match": "**", "mode": {"start": "^[A-Z]"}}], "stream": {"record_max_bytes": 64}},
]

lines = st.one_of(
    st.sampled_from(SAMPLES),
    st.sampled_from(TRACE),
    st.builds(
        lambda text, stream, partial: {"text": text, "stream": stream, "partial": partial},
        st.one_of(st.sampled_from(TRACE), st.text("ab {}\":\\'\t", max_size=30)),
        st.sampled_from(["stdout", "stderr"]),
        st.booleans(),
    ),
)
cases = st.tuples(st.lists(lines, min_size=1, max_size=12), st.integers(0, len(RULES) - 1))


def of_rules(rules: dict[str, Any], form: str) -> LoadedTest:
    routes = [{"match": "**", "topic": "logs.app", "format": form}]
    file = {"settings": {**rules, "routes": routes}, "tests": [{"name": "a", "lines": ["a"]}]}
    loaded = load_text(yaml.safe_dump(file), "a.yaml", lambda _config: Settings())
    assert isinstance(loaded, list), loaded
    return loaded[0]


LOADED = {(number, form): of_rules(rules, form) for number, rules in enumerate(RULES) for form in ("avro", "json")}


def outcome(written: list[Any], rules: int, most_lines: int = 0, form: str = "avro") -> Outcome:
    test = PipelineTest.model_validate({"name": "a", "lines": written})
    return run_test(replace(LOADED[rules, form], test=test), most_lines)


@settings(deadline=None)
@given(cases, st.integers(1, 4))
@example((["2026-11-21 12:53:06,983 [main] WARN  o.e.s.App - w", "ValueError: bad"] * 2, 0), 1)
def test_where_chunks_are_cut_changes_nothing(case: tuple[list[Any], int], most_lines: int) -> None:
    expected, actual = outcome(*case), outcome(*case, most_lines)
    for each in (*expected.topics.values(), *actual.topics.values()):
        each.sort(key=lambda record: (record["timestamp"], record["stream"], record["body"]))
    assert actual == expected
    assert actual.unaccounted == 0
    assert actual.lines == len(case[0])


@settings(deadline=None)
@given(cases)
def test_both_encodings_say_the_same(case: tuple[list[Any], int]) -> None:
    avro, documents = outcome(*case), outcome(*case, form="json")
    for records in (*avro.topics.values(), *documents.topics.values()):
        for record in records:
            record.pop("resolved", None)
            record.pop("document", None)
    assert documents == avro
