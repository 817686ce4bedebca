"""What a mapping could refuse stands as text in the second shape of a document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.document import DocumentWriter, shared_part
from sinks.elasticsearch.safe_shape import safe_shape
from tests.sinks.records import log_record

ACTION = b'{"create":{"_index":"i","_id":"x"}}\n'


def reshaped(record: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    document = DocumentWriter().document(record, shared_part(record["resource"]))
    found = safe_shape(ACTION + document + b"\n")
    assert found is not None
    action, line, rest = found.split(b"\n")
    assert (action + b"\n", rest) == (ACTION, b"")
    return json.loads(document), json.loads(line)


def test_what_programs_chose_becomes_one_text_and_the_rest_stays():
    before, after = reshaped(log_record(1, flags=["split"]))
    pod = before["kubernetes"]
    odd = {"attributes": before.pop("attributes"), "labels": pod.pop("labels"), "annotations": pod.pop("annotations")}
    assert json.loads(after.pop("attributes")["overflow"]) == odd
    before["logferry"]["flags"].append("reshaped")
    assert after == before


def test_lines_of_a_host_have_no_labels_to_move():
    record = log_record(1)
    record["resource"] = {**record["resource"], "kubernetes": None}
    _, after = reshaped(record)
    assert json.loads(after["attributes"]["overflow"]) == {"attributes": {"status": 404}}


@pytest.mark.parametrize(
    "document", [b"{}", b'{"attributes":{}}', b"{", b"[1]", b'{"a":1}', b'{"kubernetes":3,"logferry":[]}']
)
def test_a_document_with_nothing_of_the_kind_has_no_other_shape(document):
    assert safe_shape(ACTION + document + b"\n") is None
