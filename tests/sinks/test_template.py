"""The index template covers the indices that are written, and bounds what a workload can do to them."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import index_name
from schemas.settings import ElasticsearchSink
from sinks.core.decode import RecordDecoder
from sinks.elasticsearch.document import RecordLines
from sinks.elasticsearch.template import index_pattern, index_template, template_name
from tests.sinks.records import CODEC, log_record

SETTINGS = ElasticsearchSink.model_validate({"type": "elasticsearch", "topics": ["logs.app"]})


@pytest.mark.parametrize(
    ("index", "pattern"),
    [
        ("logstash-%Y.%m.%d", "logstash-*"),
        ("logs-%G.%V", "logs-*"),
        ("logs-%Y-app", "logs-*app"),
        ("%Y.%m-logs", "*logs"),
        ("one-index", "one-index"),
    ],
)
def test_directives_become_one_star(index, pattern):
    assert index_pattern(index) == pattern


parts = st.lists(st.sampled_from(["%Y", "%m", "%d", "%G", "%V", "%u", "%y", "-", ".", "logs", "a", "_"]), min_size=1)


@given(parts, st.integers(-(2**63), 2**63 - 1))
def test_every_index_matches_the_pattern_of_its_name(parts, timestamp):
    index = "x" + "".join(parts)
    assert fnmatchcase(index_name(index, timestamp), index_pattern(index))


def test_the_settings_of_the_sink_reach_the_template():
    found = index_template(SETTINGS)
    assert found["index_patterns"] == ["logstash-*"]
    assert found["template"]["settings"]["index.number_of_shards"] == SETTINGS.shards
    assert found["template"]["settings"]["index.mapping.total_fields.ignore_dynamic_beyond_limit"] is True
    assert template_name("search") == "logferry-search"


def test_labels_and_attributes_have_keys_with_dots_side_by_side():
    properties = index_template(SETTINGS)["template"]["mappings"]["properties"]
    for field in (properties["attributes"], properties["kubernetes"]["properties"]["labels"]):
        assert (field["subobjects"], field["dynamic"]) == (False, True)


def test_every_field_of_a_document_is_mapped():
    import json

    rows = RecordDecoder().decode([b"k"], [CODEC.encode(log_record(1))])
    document = json.loads(next(RecordLines("x").lines(rows)).split(b"\n")[1])
    properties = index_template(SETTINGS)["template"]["mappings"]["properties"]
    assert document.keys() <= properties.keys()
    for name in ("kubernetes", "logferry", "docker"):
        assert document[name].keys() <= properties[name]["properties"].keys()
