"""The index template covers the indices that are written, and bounds what a workload can do to them."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import index_name
from schemas.settings import ElasticsearchSink
from sinks.core.decode import RecordDecoder
from sinks.elasticsearch.document import RecordLines
from sinks.elasticsearch.install import compare
from sinks.elasticsearch.ours import Standing, marked, standing
from sinks.elasticsearch.template import index_pattern, index_template, own_pattern, template_name
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
    name = index_name(index, timestamp)
    assert fnmatchcase(name, index_pattern(index))
    assert fnmatchcase(name, own_pattern(index))


@pytest.mark.parametrize(
    ("index", "pattern"),
    [("logs-%Y.%m.%d", "logs-*.*.*"), ("a-%Y%m%d-b", "a-*-b"), ("one-index", "one-index"), ("w-%G.%V", "w-*.*")],
)
def test_the_template_is_for_the_sinks_own_indices(index, pattern):
    assert own_pattern(index) == pattern
    assert not fnmatchcase("logs-nginx-default", own_pattern(index))


def test_the_settings_of_the_sink_reach_the_template():
    found = index_template(SETTINGS)
    assert found["index_patterns"] == ["logstash-*.*.*"]
    assert found["template"]["settings"]["index.number_of_shards"] == SETTINGS.shards
    assert found["template"]["settings"]["index.mapping.total_fields.ignore_dynamic_beyond_limit"] is True
    assert template_name("search") == "logferry-search"


def sink(**more):
    return ElasticsearchSink.model_validate({"type": "elasticsearch", "topics": ["logs.app"], **more})


def test_a_template_can_have_a_name_and_a_priority_of_its_own():
    settings = sink(template_name="shop", template_priority=7)
    assert template_name("search", settings) == "shop"
    assert index_template(settings)["priority"] == 7


def test_promoted_attributes_are_typed_and_pass_over_what_is_not_of_their_type():
    settings = sink(promote={"http.response.status_code": "short", "user.id": "keyword", "note": "text"})
    attributes = index_template(settings)["template"]["mappings"]["properties"]["attributes"]
    assert attributes["properties"] == {
        "http.response.status_code": {"type": "short", "ignore_malformed": True},
        "user.id": {"type": "keyword", "ignore_above": 8191},
        "note": {"type": "text"},
    }


def test_a_lifecycle_policy_is_attached_to_new_indices():
    found = index_template(sink(retention="14d"), "logferry-search", "logferry-search")
    assert found["template"]["settings"]["index.lifecycle.name"] == "logferry-search"
    assert "index.lifecycle.name" not in index_template(sink(retention="14d"))["template"]["settings"]


def test_a_data_stream_without_a_policy_deletes_by_itself():
    found = index_template(sink(data_stream="logs-kubernetes-default", retention="2w"))
    assert found["index_patterns"] == ["logs-kubernetes-default"]
    assert found["data_stream"] == {}
    assert found["template"]["lifecycle"] == {"data_retention": "14d"}
    assert "lifecycle" not in index_template(sink(data_stream="a", retention="2w"), "a", "policy")["template"]
    assert "data_stream" not in index_template(sink())


def test_the_fields_limit_reaches_the_template():
    assert index_template(sink(fields_limit=50))["template"]["settings"]["index.mapping.total_fields.limit"] == 50


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"_meta": {"managed_by": "logferry", "version": 3, "fingerprint": "x"}}, Standing.NEWER),
        ({"_meta": {"managed_by": "logferry", "version": 1, "fingerprint": "x"}}, Standing.OTHER),
        ({"_meta": {"managed_by": "logferry", "version": 2, "fingerprint": "x"}}, Standing.OTHER),
        ({"_meta": {"managed_by": "logferry"}}, Standing.OTHER),
        ({"_meta": {"managed_by": "fleet", "version": 2}}, Standing.FOREIGN),
        ({"_meta": None}, Standing.FOREIGN),
        ({}, Standing.FOREIGN),
        (None, Standing.MISSING),
    ],
)
def test_what_is_in_the_cluster_is_known_by_its_mark(meta, expected):
    assert standing(meta, marked({"a": 1}, 2)) is expected


def test_the_same_settings_make_the_same_template_and_others_another():
    assert standing(index_template(sink()), index_template(sink())) is Standing.SAME
    assert standing(index_template(sink()), index_template(sink(shards=2))) is Standing.OTHER


def test_an_index_knows_an_attribute_or_gets_it_or_has_it_otherwise():
    promoted = {"a": {"type": "long"}, "b.c": {"type": "ip"}, "d": {"type": "keyword"}}
    mapping = {"properties": {"attributes": {"properties": {"a": {"type": "keyword"}, "d": {"type": "keyword"}}}}}
    assert compare(mapping, promoted) == ({"b.c": {"type": "ip"}}, {"a": ("keyword", "long")})
    assert compare({}, promoted) == (promoted, {})


def test_labels_and_attributes_have_keys_with_dots_side_by_side():
    properties = index_template(SETTINGS)["template"]["mappings"]["properties"]
    for field in (properties["attributes"], properties["kubernetes"]["properties"]["labels"]):
        assert (field["subobjects"], field["dynamic"]) == (False, True)


def test_every_field_of_a_document_is_mapped():
    import json

    rows = RecordDecoder().decode([b"k"], [CODEC.encode(log_record(1))])
    document = json.loads(RecordLines("x").lines(rows)[0].split(b"\n")[1])
    properties = index_template(SETTINGS)["template"]["mappings"]["properties"]
    assert document.keys() <= properties.keys()
    for name in ("kubernetes", "logferry", "docker"):
        assert document[name].keys() <= properties[name]["properties"].keys()
