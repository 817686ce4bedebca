"""Settings of the Elasticsearch sink: what contradicts itself is refused with a way out, everything else is taken."""

import pytest

from schemas.settings import ElasticsearchSink, InvalidSettingsError, Settings, parse_settings
from schemas.settings.days import days

CLOUD = "shop:ZXUtd2VzdC0xLmF3cy5mb3VuZC5pbyRhYmMkZGVm"


def parse(text: str) -> Settings:
    return parse_settings(
        f"sinks:\n  search: {{type: elasticsearch, topics: [logs.app], {text}}}\n", "logferry.yaml", {}
    )


def sink(text: str) -> ElasticsearchSink:
    found = parse(text).sinks["search"]
    assert isinstance(found, ElasticsearchSink)
    return found


@pytest.mark.parametrize(
    ("text", "key", "problem", "remedy"),
    [
        ("retention: 14", "retention", "14 is no number of days", "write 14d"),
        ("retention: 36h", "retention", "'36h' is no number of days", "write 1d"),
        ("retention: 12h", "retention", "'12h' is no number of days", "the shortest is 1d"),
        ("retention: 2 weeks", "retention", "'2 weeks' is no number of days", "write 14d"),
        ("retention: 1y", "retention", "'1y' is no number of days", "write 365d"),
        ("retention: 0d", "retention", "'0d' is no number of days", "the shortest is 1d"),
        ("retention: true", "retention", "True is no number of days", "14d or 2w"),
        ("retention: 99999d", "retention", "more than a hundred years", "leave it out"),
        ("retention: 1d, index: logs", "", "does not name a day, a week or a month", "%Y.%m.%d"),
        ("retention: 1d, index: 'logs-%y%m%d'", "", "two digits for the year", "%Y.%m.%d"),
        ("data_stream: 'logs-%Y'", "data_stream", "one data stream for each day", "logs-kubernetes-default"),
        ("data_stream: Logs", "data_stream", "cannot name a data stream", "lower case"),
        ("data_stream: .logs", "data_stream", "cannot name a data stream", "a dot"),
        ("data_stream: a, index: b", "", "two targets", "keep one"),
        ("data_stream: a, template: false", "", "needs an index template", "leave template out"),
        ("hosts: ['http://es']", "hosts[0]", "names no port", "http://es:9200"),
        ("hosts: ['https://es/x']", "hosts[0]", "names no port", "https://es:443/x"),
        ("hosts: ['http://es:99999']", "hosts[0]", "no usable port", "http://localhost:9200"),
        ("hosts: ['http://a:1', 'http://a:1']", "", "stands twice", "once"),
        ("cloud_id: nonsense", "cloud_id", "no cloud id", "Elastic Cloud"),
        (f"cloud_id: '{CLOUD}', hosts: ['https://a:1']", "", "two addresses", "keep one"),
        ("ca_file: /ca.pem", "", "of no use for http://localhost:9200", "https://localhost:9200"),
        ("certificate_file: /c.pem", "", "of no use for http://localhost:9200", "https://localhost:9200"),
        ("key_file: /k.pem, hosts: ['https://a:1']", "", "key_file without certificate_file", "add certificate_file"),
        ("promote: {n: int}", "promote.n", "'int' is no type", "write integer"),
        ("promote: {n: geo_point}", "promote.n", "'geo_point' is no type", "choose one of keyword, text"),
        ("promote: {a..b: ip}", "promote.a..b", "'a..b' is not written as expected", ""),
        ("promote: {a: ip}, template: false", "", "stand in the index template", "keep one"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(text, key, problem, remedy):
    with pytest.raises(InvalidSettingsError) as caught:
        parse(text)
    (finding,) = caught.value.findings
    assert finding.key == f"sinks.search.{key}".rstrip(".")
    assert problem in finding.problem
    assert remedy in finding.remedy


def test_what_fits_together_is_taken():
    assert sink("retention: 14d").retention == "14d"
    assert sink("retention: 1d, data_stream: logs-kubernetes-default").target == "logs-kubernetes-default"
    assert sink("retention: 4w, index: 'logs-%G.%V'").target == "logs-%G.%V"
    assert sink("promote: {http.response.status_code: short, client.address: ip}").promote == {
        "http.response.status_code": "short",
        "client.address": "ip",
    }
    assert sink(f"cloud_id: '{CLOUD}', ca_file: /ca.pem").cloud_id == CLOUD


@pytest.mark.parametrize(("text", "number"), [("1d", 1), ("14d", 14), ("2w", 14), ("365d", 365)])
def test_days_are_counted(text, number):
    assert days(text) == number


def test_promoted_attributes_can_be_given_by_environment():
    environ = {"LOGFERRY_SINKS__SEARCH__PROMOTE__http.status": "short"}
    text = "sinks:\n  search: {type: elasticsearch, topics: [logs.app]}\n"
    found = parse_settings(text, "logferry.yaml", environ).sinks["search"]
    assert isinstance(found, ElasticsearchSink)
    assert found.promote == {"http.status": "short"}
