"""Docker's lines become the text that the container wrote, whole, and what Docker never wrote is told apart."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.files.cut import docker_open_streams
from streams.core.framing.docker import LINE_MAX_BYTES
from tests.streams.framing.chunks import chunk, outcome_of
from tests.streams.replay import RAW, read_back, run_with_crashes

TIME = "2026-11-21T01:02:03.000000004Z"
NANOS = 1795222923_000000004


def line(log: str, stream: str = "stdout", time: str = TIME, **more: Any) -> bytes:
    return orjson.dumps({"log": log, "stream": stream, **more, "time": time}) + b"\n"


def test_a_line_is_its_text_its_stream_and_its_time() -> None:
    (record,) = outcome_of(chunk("docker", line('ERROR: \u20ac "no"\n', "stderr"))).records
    assert (record["body"], record["stream"], record["timestamp"], record["severity_number"], record["offset"]) == (
        'ERROR: \u20ac "no"', "stderr", NANOS, 17, 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (rb"a\tb\r\n", "a\tb\r"),
        (rb"\u001b[31mred\u001b[0m\n", "\x1b[31mred\x1b[0m"),
        (rb"\u003chtml\u003e\n", "<html>"),
        (rb"\ud83d\ude00\n", "\U0001f600"),
        (rb"\ufffd\n", "\ufffd"),
        (rb"\n", ""),
        (rb"one\ntwo\n", "one\ntwo"),
    ],
)
def test_escapes_are_decoded(written: bytes, text: str) -> None:
    payload = b'{"log":"' + written + b'","stream":"stdout","time":"' + TIME.encode() + b'"}\n'
    assert outcome_of(chunk("docker", payload)).bodies() == [text]


def test_json_that_a_program_wrote_is_read_and_what_docker_adds_stands_beside_it() -> None:
    log = '{"level":"warn","msg":"low","docker.attrs":1,"n":2}\n'
    (one, two) = outcome_of(
        chunk("docker", line(log, attrs={"env": "prod"}) + line("x\n", attrs={"env": "prod"}))
    ).records
    assert (one["body"], one["severity_number"], one["attributes"]) == ("low", 13, {"docker.attrs": 1, "n": 2})
    assert two["attributes"] == {"docker.attrs": {"env": "prod"}}


def test_records_of_a_container_outside_kubernetes_say_whose_they_are() -> None:
    container = {
        "namespace": "",
        "pod": "",
        "pod_uid": "",
        "name": "web",
        "id": "abc",
        "image": "nginx:1",
        "labels": {},
    }
    lines = line("x\n") + line('{"msg":"y","container.name":"mine"}\n')
    one, two = outcome_of(chunk("docker", lines, source_container=container, source_tag=None)).records
    facts = {"container.name": "web", "container.id": "abc", "container.image.name": "nginx:1"}
    assert (one["attributes"], two["attributes"]) == (facts, {**facts, "container.name": "mine"})
    assert (one["resource"]["tag"], one["resource"]["kubernetes"]) == ("docker.web", None)


def test_what_docker_cut_is_joined_with_the_rest_of_its_stream() -> None:
    payload = line("one ") + line("other ", "stderr", attrs={"a": "b"}) + line("line\n") + line("end\n", "stderr")
    found = outcome_of(chunk("docker", payload))
    assert found.bodies() == ["one line", "other end"]
    assert [record["attributes"] for record in found.records] == [{}, {"docker.attrs": {"a": "b"}}]


def test_a_cut_line_meets_its_rest_in_the_file_after_a_rotation() -> None:
    first, second = line("one "), line("line\n")
    found = outcome_of(
        chunk("docker", first, ended=True), chunk("docker", second, incarnation=b"another1", resumed=None)
    )
    assert [(record["body"], record["offset"]) for record in found.records] == [("one line", 0)]


def test_the_rest_of_a_record_that_was_finished_before_is_skipped() -> None:
    resumed = {"inside_line": False, "open_streams": {"stdout": TIME}}
    found = outcome_of(chunk("docker", line("rest\n") + line("next\n"), 70, resumed=resumed))
    assert found.bodies() == ["next"]


@pytest.mark.parametrize(
    "torn",
    [b'{"log":"half a li', b"\0" * 100, b'{"log":"half' + b"\0" * 9, b'{"log":"a\\n","stream":"stdout","time":"2026'],
)
def test_a_torn_line_or_a_hole_is_a_dead_letter_and_the_line_right_behind_it_is_whole(torn: bytes) -> None:
    found = outcome_of(chunk("docker", line("one\n") + torn + line("two\n") + line("three\n")))
    assert found.bodies() == ["one", "two", "three"]
    assert [(letter["reason"], letter["original"], letter["offset"]) for letter in found.letters] == [
        ("unreadable_framing", torn, len(line("one\n")))
    ]
    assert found.records[1]["offset"] == len(line("one\n") + torn)


@pytest.mark.parametrize(
    "other",
    [
        b"",
        b"text",
        b"[]",
        b"7",
        b'"log"',
        b"{}",
        b'{"log":"x\\n"}',
        b'{"log":1,"stream":"stdout","time":"' + TIME.encode() + b'"}',
        line("x\n", "stdin")[:-1],
        line("x\n", time="today")[:-1],
        line("x\n")[:-2],
        line("x\n")[:-1] + b"}",
        b"\xff\xfe",
        b'{"log":{"a":1},"stream":"stdout","time":"2026-11-21T01:02:03Z"}',
        b'{"log":"\\ud800\\n","stream":"stdout","time":"2026-11-21T01:02:03Z"}',
    ],
)
def test_what_docker_did_not_write_is_a_dead_letter_verbatim(other: bytes) -> None:
    found = outcome_of(chunk("docker", other + b"\n" + line("next\n")))
    assert (found.originals(), found.bodies()) == ([other], ["next"])


def test_a_line_longer_than_docker_writes_any_is_not_held() -> None:
    junk = b"\0" * (LINE_MAX_BYTES + 1)
    found = outcome_of(chunk("docker", junk), chunk("docker", b"\0\0" + line("next\n"), len(junk)))
    assert (found.originals(), found.bodies()) == ([junk, b"\0\0"], ["next"])


# -- chunks cut anywhere, workers that lose everything --------------------------------------------------------------

texts = st.text(max_size=30) | st.sampled_from(["", "\n", '{"log":"x"}', "\0", "y" * 400])
files = st.lists(
    st.tuples(texts, st.sampled_from(["\n", "\n", ""]), st.sampled_from(["stdout", "stderr"])), min_size=1, max_size=6
).map(lambda pieces: b"".join(line(text + end, stream) for text, end, stream in pieces))


@st.composite
def cut(draw: st.DrawFn, content: bytes) -> list[bytes]:
    """Values of logs.raw that hold a file."""
    drawn = draw(st.lists(st.integers(1, len(content)), max_size=4))
    ends = sorted({*(not_within_partial_line(content, end) for end in drawn), len(content)})
    chunks = []
    for begin, end in zip([0, *ends], ends, strict=False):
        behind = content[: content.rfind(b"\n", 0, begin) + 1]
        resumed = {"inside_line": behind != content[:begin], "open_streams": docker_open_streams(behind)}
        chunks.append(chunk("docker", content[begin:end], begin, resumed=resumed, ended=end == len(content)))
    return [RAW.encode(each) for each in chunks]


def not_within_partial_line(content: bytes, end: int) -> int:
    """A producer cuts a line only where it is longer than any that Docker writes, so never a partial one."""
    begin, stop = content.rfind(b"\n", 0, end) + 1, content.find(b"\n", end) + 1
    return end if begin == end or json.loads(content[begin:stop])["log"].endswith("\n") else stop


def plainly(content: bytes) -> list[tuple[int, str, str]]:
    """Offset, stream and text of each whole record, by a reader as plain as can be (short records only)."""
    unfinished: dict[str, tuple[int, str]] = {}
    records, offset = [], 0
    for each in content.splitlines(keepends=True):
        found = json.loads(each)
        begin, text = unfinished.pop(found["stream"], (offset, ""))
        if found["log"].endswith("\n"):
            records.append((begin, found["stream"], text + found["log"][:-1]))
        else:
            unfinished[found["stream"]] = (begin, text + found["log"])
        offset += len(each)
    return sorted(records)


@given(st.data(), files)
def test_however_a_file_is_cut_and_whoever_crashes_the_records_are_the_same(
    data: st.DataObject, content: bytes
) -> None:
    reading = run_with_crashes(data, data.draw(cut(content))).reading
    whole = outcome_of(chunk("docker", content, ended=True))
    assert reading == read_back(whole.worker.client.kept)
    expected = plainly(content)
    if all(len(text.encode()) <= 150 for _, _, text in expected):
        full = [each for each in whole.records if "split" not in each["flags"]]
        found = sorted((each["offset"], each["stream"], each["original"] or each["body"]) for each in full)
        assert found == expected
