"""Every kind of value has examples that fit its schema, and a bad sample that shows the check checks."""

import json

import avro.io
import avro.schema
import pytest

from schemas.codec import KINDS, Codec, schema_text, schema_versions, single_object_header
from schemas.compatibility import problems, problems_between_versions
from tests.schemas import examples


@pytest.mark.parametrize("kind", KINDS)
def test_every_version_of_a_kind_has_examples_and_a_bad_sample(kind):
    for version in schema_versions(kind):
        good = {name for name in examples.names(bad=False) if name.startswith(f"{kind}.v{version}/")}
        assert {f"{kind}.v{version}/minimal.json", f"{kind}.v{version}/full.json"} <= good
        assert [name for name in examples.names(bad=True) if name.startswith(f"{kind}.v{version}/")]


@pytest.mark.parametrize("name", examples.names(bad=False))
def test_an_example_fits_its_schema_by_fastavro_and_by_apache_avro(name):
    value = examples.read(name)
    apache = avro.schema.parse(examples.schema_of(name))
    assert avro.io.validate(apache, value, raise_on_error=True)


@pytest.mark.parametrize("name", examples.names(bad=True))
def test_a_bad_sample_is_refused(name):
    with pytest.raises(Exception, match=r"\S"):
        examples.read(name)


@pytest.mark.parametrize("name", examples.names(bad=True))
def test_a_bad_sample_differs_from_a_good_one_in_one_field_only(name):
    bad = json.loads(examples.text(name))
    folder = name.split("/", 1)[0]
    good = [json.loads(examples.text(f"{folder}/{each}.json")) for each in ("minimal", "full")]
    different = [{key for key in each.keys() | bad.keys() if each.get(key, "") != bad.get(key, "")} for each in good]
    assert min(map(len, different)) == 1


@pytest.mark.parametrize("name", examples.names(bad=False))
def test_an_example_comes_back_from_the_codec_as_it_was(name):
    codec, value = Codec(examples.kind_of(name)), examples.read(name)
    assert examples.in_words_of(name, codec.decode(examples.written(name))) == value
    if examples.is_newest(name):
        assert codec.encode(value) == examples.written(name)


@pytest.mark.parametrize("kind", KINDS)
def test_the_full_example_leaves_no_optional_field_empty(kind):
    full = examples.example(kind)
    optional = [field["name"] for field in json.loads(schema_text(kind))["fields"] if "default" in field]
    assert {name: full[name] for name in optional if full[name] in (None, [], {}, "{}", "**", 0, False)} == {}


@pytest.mark.parametrize("kind", KINDS)
def test_every_version_can_read_what_every_version_wrote(kind):
    assert problems_between_versions(kind) == []


def test_the_compatibility_check_finds_a_field_without_default():
    old = json.loads(schema_text("pod"))
    new = {**old, "fields": [*old["fields"], {"name": "phase", "type": "string"}]}
    assert problems(json.dumps(new), json.dumps(old)) != []


RELEASED = {
    "raw_chunk.v1": "c3014a348ba20bfc3253",
    "raw_chunk.v2": "c301fdd889b4c397b6fe",
    "log_record.v1": "c3014e9737eb439ed271",
    "rule.v1": "c301715cbd8c64de6942",
    "pod.v1": "c3017b9fdf2f59e293b5",
    "dead_letter.v1": "c301b1bf82dc0bdf19d0",
    "dead_letter.v2": "c301020e31eee8bdd8c0",
    "dead_letter.v3": "c30199a385965797d707",
    "ledger_entry.v1": "c301edf8aee08f03f1fb",
    "ledger_entry.v2": "c301272b15488914f657",
    "ledger_entry.v3": "c301d9e19731616f234b",
}
"""Values with these headers are in topics and archives. A schema that changes is a new file with a new version."""


def test_a_released_schema_never_changes():
    headers = {
        f"{kind}.v{version}": single_object_header(text).hex()
        for kind in KINDS
        for version, text in schema_versions(kind).items()
    }
    assert {name: headers.get(name) for name in RELEASED} == RELEASED
