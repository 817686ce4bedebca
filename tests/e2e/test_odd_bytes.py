"""What is no proper log line still comes to a proper end: a record, or a dead letter with its bytes."""

from pathlib import Path

import pytest

from bench.pipeline import Pipeline
from tests.conftest import PipelineMaker

pytestmark = pytest.mark.timeout(200)

UID = "11111111-2222-3333-4444-555555555555"
TIME = "2026-11-21T01:02:03.%09dZ"
MIB = 1024 * 1024


def container_log(pipeline: Pipeline, content: bytes) -> Path:
    """A container's live file, linked as kubelet links it."""
    folder = pipeline.node / f"var/log/pods/shop_cart-1_{UID}/app"
    folder.mkdir(parents=True)
    (folder / "0.log").write_bytes(content)
    links = pipeline.node / "var/log/containers"
    links.mkdir(parents=True)
    (links / f"cart-1_shop_app-{'a' * 64}.log").symlink_to(folder / "0.log")
    return folder / "0.log"


def cri(number: int, content: bytes, tag: str = "F") -> bytes:
    return (TIME % number + f" stdout {tag} ").encode() + content + b"\n"


def test_invalid_utf8_nul_empty_lines_and_unreadable_ones(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    unreadable = [b"no timestamp at all", b"", b"2026-11-21T01:02:03Z nowhere F lost", b"\xff\xfe\x00"]
    log = cri(1, b"bad \xff\xfe bytes") + cri(2, b"nul \x00 inside") + cri(3, b"") + b"\n".join(unreadable) + b"\n"
    container_log(pipeline, log + cri(4, b'{"level":"error","msg":"still fine"}'))
    pipeline.start("produce", "stream", "search")
    pipeline.wait_for_documents(4)
    found = {document["@timestamp"][-4:-1]: document for _, document in pipeline.documents()}
    assert [found[key]["log"] for key in ("001", "002", "003")] == ["bad \\xff\\xfe bytes", "nul \x00 inside", ""]
    assert found["001"]["logferry"]["flags"] == ["invalid_utf8"]
    assert (found["004"]["severity"], found["004"]["message"]) == ("ERROR", "still fine")
    pipeline.wait_until(lambda: len(pipeline.dead_letters()), lambda count: count == 4, "dead letters")
    letters = sorted(pipeline.dead_letters(), key=lambda letter: letter["offset"])
    assert [letter["original"] for letter in letters] == unreadable
    assert {letter["reason"] for letter in letters} == {"unreadable_framing"}


def test_a_5_mib_line_arrives_in_parts_that_make_the_whole(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline()
    line = bytes(65 + number % 26 for number in range(5 * MIB))
    container_log(pipeline, cri(1, b"before") + cri(2, line) + cri(3, b"after"))
    pipeline.start("produce", "stream", "search")
    pipeline.wait_for_documents(7)
    documents = sorted((document["logferry"]["offset"], document) for _, document in pipeline.documents())
    texts = [document["log"] for _, document in documents]
    assert (texts[0], texts[-1]) == ("before", "after")
    assert "".join(texts[1:-1]) == line.decode()
    assert {tuple(document["logferry"].get("flags", ())) for _, document in documents[1:-1]} == {("split",)}
    assert pipeline.dead_letters() == []


def test_a_last_line_that_never_ends_is_read_after_a_while(new_pipeline: PipelineMaker) -> None:
    pipeline = new_pipeline(producer={"unterminated_line_secs": 1.0}, stream={"join_timeout_secs": 2.0})
    container_log(pipeline, cri(1, b"whole") + cri(2, b"never ended")[:-1])
    pipeline.start("produce", "stream", "search")
    pipeline.wait_for_documents(2)
    found = {document["log"]: document["logferry"].get("flags") for _, document in pipeline.documents()}
    assert found == {"whole": None, "never ended": ["unterminated", "incomplete"]}


def test_a_chunk_that_is_no_chunk_becomes_a_dead_letter(new_pipeline: PipelineMaker) -> None:
    from confluent_kafka import Producer

    pipeline = new_pipeline()
    producer = Producer({"bootstrap.servers": pipeline.bootstrap_servers})
    for value in (b"", b"garbage", b"\xc3\x01" + bytes(8) + b"unknown schema"):
        producer.produce(pipeline.settings.topics.names.raw, value, "0123456789abcdef")
    producer.flush()
    container_log(pipeline, cri(1, b"good"))
    pipeline.start("produce", "stream", "search")
    pipeline.wait_for_documents(1)
    pipeline.wait_until(lambda: len(pipeline.dead_letters()), lambda count: count == 3, "dead letters")
    letters = pipeline.dead_letters()
    assert {letter["reason"] for letter in letters} == {"unreadable_chunk"}
    assert sorted(letter["original"] for letter in letters) == sorted(
        [b"", b"garbage", b"\xc3\x01" + bytes(8) + b"unknown schema"]
    )
