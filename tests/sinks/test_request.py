"""One word stands for all documents while all goes well; otherwise each is asked for, and nothing passes unanswered."""

from __future__ import annotations

from typing import Any, NamedTuple

import elastic_transport
import pytest
from elasticsearch import ApiError

from sinks.elasticsearch.request import BulkRequests
from sinks.verdict import Done, Reject, Retry

LINES = [b"a\n", b"b\n"]
FINE = {"errors": False}


class Answer(NamedTuple):
    body: Any


class Answering:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, bytes]] = []

    def perform_request(self, method: str, path: str, *, headers: dict[str, str], body: bytes) -> Answer:
        self.asked.append((path, body))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer)


def items(*statuses: int) -> dict[str, Any]:
    return {"errors": True, "items": [{"create": {"status": status}} for status in statuses]}


def test_no_errors_means_that_all_are_indexed_by_one_request():
    client = Answering(FINE)
    assert BulkRequests(client).send(LINES) == [Done.INDEXED] * 2  # type: ignore[arg-type]
    assert [body for _, body in client.asked] == [b"a\nb\n"]


def test_on_errors_the_same_documents_are_asked_for_one_by_one():
    client = Answering({"errors": True}, items(409, 400))
    answers = BulkRequests(client).send(LINES)  # type: ignore[arg-type]
    assert (answers[0], type(answers[1])) == (Done.ALREADY_THERE, Reject)
    assert [body for _, body in client.asked] == [b"a\nb\n", b"a\nb\n"]
    assert "items" not in client.asked[0][0]
    assert "items" in client.asked[1][0]


def test_after_errors_the_next_request_asks_for_each_at_once_until_all_goes_well_again():
    client = Answering({"errors": True}, items(201, 429), {"errors": False, **items(201)}, FINE)
    requests = BulkRequests(client)  # type: ignore[arg-type]
    requests.send(LINES)
    client.answers[0]["errors"] = False
    assert requests.send(LINES[:1]) == [Done.INDEXED]
    assert requests.send(LINES) == [Done.INDEXED] * 2
    assert ["items" in path for path, _ in client.asked] == [False, True, True, False]


@pytest.mark.parametrize("body", [{}, {"errors": None}, None, "", [], {"items": []}, {"errors": True}, items(201)])
def test_an_answer_that_does_not_speak_for_each_document_is_asked_again_later(body):
    answers = BulkRequests(Answering(body, body)).send(LINES)  # type: ignore[arg-type]
    assert [type(answer) for answer in answers] == [Retry, Retry]


@pytest.mark.parametrize(
    "error", [elastic_transport.ConnectionError("refused"), elastic_transport.ConnectionTimeout("slow")]
)
def test_no_answer_means_later(error):
    assert BulkRequests(Answering(error)).send(LINES) == [Retry(type(error).__name__)] * 2  # type: ignore[arg-type]


def test_a_refused_request_means_later():
    meta = elastic_transport.ApiResponseMeta(
        429, "1.1", elastic_transport.HttpHeaders(), 0.1, elastic_transport.NodeConfig("http", "localhost", 9200)
    )
    error = ApiError("busy", meta, {})
    assert BulkRequests(Answering(error)).send(LINES) == [Retry("status 429")] * 2  # type: ignore[arg-type]


class RefusesLineWith:
    """Refuses any request as a whole in which a certain line stands."""

    def __init__(self, line: bytes) -> None:
        self.line = line

    def perform_request(self, method: str, path: str, *, headers: dict[str, str], body: bytes) -> Answer:
        if self.line in body:
            meta = elastic_transport.ApiResponseMeta(
                400,
                "1.1",
                elastic_transport.HttpHeaders(),
                0.0,
                elastic_transport.NodeConfig("http", "localhost", 9200),
            )
            raise ApiError("malformed action", meta, {"error": "malformed action"})
        return Answer(FINE)


def test_a_line_that_spoils_the_whole_request_is_refused_alone():
    lines = [b"%d\n" % number for number in range(100, 117)]
    answers = BulkRequests(RefusesLineWith(b"111")).send(lines)  # type: ignore[arg-type]
    assert [type(answer) is Reject for answer in answers] == [line == b"111\n" for line in lines]
    assert answers.count(Done.INDEXED) == len(lines) - 1
