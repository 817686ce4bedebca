"""Every mistake in a settings file is found, placed, and answered in words that help."""

import pytest

from schemas.errors import SettingsError
from schemas.settings import Finding, InvalidSettingsError, parse_settings

SINKS = "sinks:\n  s: {type: elasticsearch, topics: [logs.app], "
GROUP = "the stream stage has the same consumer group"
STORE = "sinks:\n  s: {type: object_storage, topics: [logs.app], "


def findings(text: str) -> tuple[Finding, ...]:
    with pytest.raises(InvalidSettingsError) as caught:
        parse_settings(text, "logferry.yaml", {})
    return caught.value.findings


# Bad file; line, key and problem of the only finding; what the remedy must contain.
MISTAKES = [
    # unknown keys
    ("producer:\n  chunk_max_byte: 1\n", 2, "producer.chunk_max_byte", "unknown key", "did you mean chunk_max_bytes?"),
    ("sink: {}\n", 1, "sink", "unknown key", "did you mean sinks?"),
    ("linger_ms: 5\n", 1, "linger_ms", "unknown key", "belongs under producer or stream"),
    ("metrics: {zzz: 5}\n", 1, "metrics.zzz", "unknown key", "known here: host, port"),
    ('routes:\n - {match: "**", topic: logs.a, cpoy: true}', 2, "routes[0].cpoy", "unknown key", "did you mean copy?"),
    ('routes:\n - {match: "**", topic: logs.a, copies: true}', 2, "routes[0].copies", "unknown key", "copy?"),
    (SINKS + "indx: a}", 2, "sinks.s.indx", "unknown key", "did you mean index?"),
    ("1: 2\n", 1, "[1]", "the key 1 is no text", "quotes"),
    ("? \n", 1, "", "the key None is no text", "quotes"),
    ("kafka: {properties: {5: a}}", 1, "kafka.properties[5]", "the key 5 is no text", "quotes"),
    # wrong types
    ("topics:\n  partitions: many\n", 2, "topics.partitions", "expected a whole number such as 8, found 'many'", ""),
    ("topics: {partitions: 1.5}\n", 1, "topics.partitions", "expected a whole number such as 8, found 1.5", ""),
    ("topics: {partitions: true}\n", 1, "topics.partitions", "expected a number, found true", ""),
    ("metrics: {port: }\n", 1, "metrics.port", "has no value", "expected a whole number"),
    ("producer: {node: 12}\n", 1, "producer.node", "expected a text, found 12", "put it into quotes"),
    ("producer:\n  poll_interval_secs: soon\n", 2, "producer.poll_interval_secs", "such as 0.2, found 'soon'", ""),
    (SINKS + "template: 3}", 2, "sinks.s.template", "expected true or false such as true, found 3", ""),
    (
        "sinks: {s: {type: elasticsearch, topics: logs.app}}",
        1,
        "sinks.s.topics",
        "expected a list such as [logs.app], found 'logs.app'",
        "",
    ),
    ("metrics: 5\n", 1, "metrics", "expected a mapping such as {host: …, port: …, stall_secs: …}, found 5", ""),
    ("producer: {chunk_max_bytes: 4MiB}\n", 1, "producer.chunk_max_bytes", "whole number of bytes", "4194304"),
    ("producer: {chunk_max_bytes: 1.5 kB}\n", 1, "producer.chunk_max_bytes", "whole number of bytes", "1500"),
    # limits
    ("topics: {partitions: 0}\n", 1, "topics.partitions", "must be at least 1, found 0", ""),
    ("metrics: {port: 70000}\n", 1, "metrics.port", "must be at most 65535, found 70000", ""),
    ("producer: {poll_interval_secs: 0}\n", 1, "producer.poll_interval_secs", "must be more than 0, found 0", ""),
    ("stream: {group: ''}\n", 1, "stream.group", "must not be empty", "logferry-stream"),
    ("sinks: {s: {type: elasticsearch, topics: []}}", 1, "sinks.s.topics", "must not be empty", "[logs.app]"),
    # choices
    ("producer: {compression: lz5}\n", 1, "producer.compression", "'lz5' is not one of", "did you mean lz4?"),
    (
        'severity: [{match: "**", minimum: loud}]',
        1,
        "severity[0].minimum",
        "'loud' is not one of the choices",
        "choose from trace, debug, info, warn, error, fatal",
    ),
    ('routes: [{match: "**", topic: a, format: xml}]', 1, "routes[0].format", "'xml' is not one", "from avro, json"),
    (
        "sinks: {s: {type: elastic, topics: [logs.app]}}",
        1,
        "sinks.s.type",
        "there is no type elastic",
        "elasticsearch?",
    ),
    ("sinks: {s: {type: x, topics: [logs.app]}}", 1, "sinks.s.type", "there is no type x", "object_storage"),
    ("sinks: {s: {topics: [logs.app]}}", 1, "sinks.s.type", "is missing", "object_storage, otlp, stdout"),
    ("inputs: {c: {}}", 1, "inputs.c.type", "is missing", "container_files"),
    ("routes: [{topic: a}]", 1, "routes[0].match", "is missing", "such as kube.shop.**"),
    # texts with a form
    ('routes: [{match: "a.{b", topic: a}]', 1, "routes[0].match", "never closed", "{a,b}"),
    ("severity: [{match: /a/, minimum: warn}]", 1, "severity[0].match", "regular expression", "*, ** and {a,b}"),
    ('routes: [{match: "**", topic: "logs app"}]', 1, "routes[0].topic", "cannot name a Kafka topic", "logs.app"),
    ("kafka: {bootstrap_servers: localhost}", 1, "kafka.bootstrap_servers", "is not HOST:PORT", "localhost:9092"),
    ("kafka: {bootstrap_servers: 'http://k:9'}", 1, "kafka.bootstrap_servers", "is not HOST:PORT", "write k:9"),
    ("kafka: {bootstrap_servers: ''}", 1, "kafka.bootstrap_servers", "is not HOST:PORT", ""),
    (SINKS + "hosts: ['localhost:9200']}", 2, "sinks.s.hosts[0]", "no address of the kind", "http://localhost:9200"),
    (SINKS + "index: 'Logs-%Y'}", 2, "sinks.s.index", "cannot name an index", "lower case"),
    (SINKS + "index: 'logs-%H'}", 2, "sinks.s.index", "more than year, month, week and day", "%Y"),
    (SINKS + "refresh_interval: 1 second}", 2, "sinks.s.refresh_interval", "is not written as", "for example 1s"),
    (STORE + "url: /var/archive}", 2, "sinks.s.url", "no address of the kind", "file:///"),
    (STORE + "url: 'file://var/archive'}", 2, "sinks.s.url", "names a host, not a folder", "three slashes"),
    ("inputs: {c: {type: container_files, path: 'logs/*'}}", 1, "inputs.c.path", "relative path", "from / on"),
    ("inputs: {'my in': {type: container_files}}", 1, "inputs.my in", "is not written as", "letters"),
    # sections that do not fit each other
    ("sinks: {s: {type: elasticsearch, topics: [logs.ap]}}", 1, "sinks.s.topics[0]", "no route sends", "logs.app?"),
    ("sinks: {s: {type: elasticsearch, topics: [zzz]}}", 1, "sinks.s.topics[0]", "no route sends", "add a route"),
    ("sinks: {s: {type: elasticsearch, topics: [logs.raw]}}", 1, "sinks.s.topics[0]", "blocks of bytes", "routed"),
    ('routes: [{match: "**", topic: logs.raw}]', 1, "routes[0].topic", "has a meaning of its own", "another name"),
    ("unmatched: logs.ledger", 1, "unmatched", "has a meaning of its own", "another name"),
    ('routes: [{match: "**", topic: "logs.{pod}"}]', 1, "routes[0].topic", "nothing is known as {pod}", "{namespace}"),
    ('routes: [{match: "**", topic: "{node}"}]', 1, "routes[0].topic", "how the name begins", "logs.ns.{namespace}"),
    (
        'routes: [{match: "**", topic: a}, {match: "**", topic: a, format: json}]',
        1,
        "routes[1].format",
        "a would hold avro and json values",
        "a topic of its own",
    ),
    (
        'routes: [{match: "**", topic: "l.{node}"}, {match: "**", topic: "l.x-{container}", format: json}]',
        1,
        "routes[1].format",
        "a topic of both l.{node} and l.x-{container} would hold avro and json values",
        "a topic of its own",
    ),
    (
        'routes: [{match: "**", topic: a, format: json}]\nunmatched: a',
        2,
        "unmatched",
        "a would hold json and avro values",
        "a topic of its own",
    ),
    (
        'routes: [{match: "**", topic: logs.delayed, format: json}]\nquotas: [{namespaces: a, bytes_per_minute: 1}]',
        2,
        "quotas[0]",
        "logs.delayed would hold json and avro values",
        "a topic of its own",
    ),
    (
        "quotas: [{namespaces: a, bytes_per_minute: 1, topic: logs.raw}]",
        1,
        "quotas[0].topic",
        "has a meaning of its own",
        "another name",
    ),
    ("quotas: [{namespaces: [], bytes_per_minute: 1}]", 1, "quotas[0].namespaces", "must not be empty", "a list"),
    ("quotas: [{namespaces: a, bytes_per_minute: 1GB}]", 1, "quotas[0].bytes_per_minute", "bytes", "1000000000"),
    ('sampling: [{match: "**"}]', 1, "sampling[0]", "needs one measure", "keep_one_in or per_second"),
    ('sampling: [{match: "**", keep_one_in: 2, per_second: 1}]', 1, "sampling[0]", "needs one measure", "either"),
    ("severity: [{minimum: warn}]", 1, "severity[0].match", "is missing", "kube.shop.**"),
    (
        "severity: [{minimum: warn, where: {namespace: a}}]",
        1,
        "severity[0].where.namespace",
        "unknown key",
        "namespaces",
    ),
    ("severity: [{minimum: warn, where: {labels: {a: []}}}]", 1, "severity[0].where.labels.a", "must not be empty", ""),
    (
        'routes: [{match: "**", topic: a, minimum: error, maximum: info}]',
        1,
        "routes[0]",
        "no severity is at least error and at most info",
        "exchange",
    ),
    ("sinks: {s: {type: elasticsearch, topics: [x.*]}}", 1, "sinks.s.topics[0]", "no route sends", "add a route"),
    ("sinks: {s: {type: elasticsearch, topics: ['*']}}", 1, "sinks.s.topics[0]", "cannot name a Kafka topic", ""),
    (
        "sinks: {s: {type: elasticsearch, topics: [logs.*]}}",
        1,
        "sinks.s.topics[0]",
        "logs.* also means logs.raw, logs.control",
        "logs.ns.*",
    ),
    ("topics: {overrides: {logs.row: {partitions: 1}}}", 1, "topics.overrides.logs.row", "no topic", "logs.raw?"),
    ("topics: {overrides: {logs.raw: {}}}", 1, "topics.overrides.logs.raw", "overrides nothing", "name a value"),
    (SINKS + "group: logferry-stream}", 2, "sinks.s.group", GROUP, "leave group out"),
    (
        "producer:\n  memory_max_bytes: 1048576\n  chunk_max_bytes: 2000000",
        2,
        "producer.memory_max_bytes",
        "one chunk",
        "2000000",
    ),
    (SINKS + "username: u}", 2, "sinks.s", "username without password", "add password"),
    (SINKS + "username: u, password: {env: P}, api_key: {env: K}}", 2, "sinks.s", "two ways to log in", "keep one"),
    ("kafka: {properties: {acks: 1}}", 1, "kafka.properties.acks", "acks cannot be set here", "leave it out"),
    ("kafka: {properties: {group.id: x}}", 1, "kafka.properties.group.id", "cannot be set here", "stream.group"),
    # YAML itself
    ("kafka: {}\nmetrics: {}\nkafka: {}\n", 3, "kafka", "again, first in line 1", "lines 1 and 3"),
    ("topics:\n  partitions: 1\n  partitions: 2\n", 3, "topics.partitions", "again, first in line 2", "keep one"),
    ("kafka:\n\tproperties: {}\n", 2, "", "column 1", "spaces"),
    ("routes:\n  - {match: **, topic: a}\n", 2, "", "column 14", 'needs quotes: match: "**"'),
    ("kafka: a: b\n", 1, "", "column 9", "colon"),
    ("kafka: {\n", 2, "", "not readable as YAML", "brackets"),
    ("kafka: !!python/none x\n", 1, "", "not readable as YAML", "exclamation mark"),
    ("a: 1\nb: \x00\n", 2, "", "U+0000", "UTF-8"),
    ("a: 2001-99-99\n", None, "", "not readable as YAML", "quotes"),
    ("- a\n- b\n", 1, "", "must hold sections", "kafka: {…}"),
    ("hello", 1, "", "must hold sections", "kafka: {…}"),
    ("[" * 3000, None, "", "nested too deeply", "brackets"),
]


@pytest.mark.parametrize(("text", "line", "key", "problem", "remedy"), MISTAKES)
def test_a_mistake_names_its_line_its_key_and_what_was_meant(
    text: str, line: int | None, key: str, problem: str, remedy: str
):
    (found,) = findings(text)
    assert (found.file, found.line, found.key) == ("logferry.yaml", line, key)
    assert problem in found.problem
    assert remedy in found.remedy


def test_all_mistakes_are_reported_together_in_the_order_of_the_file():
    text = """
kafka: {bootstrap_server: a:1}
producer:
  linger_ms: soon
  linger_ms: 5
sinks:
  a: {type: elasticsearch, topics: [logs.ap]}
  b: {type: elasticsearch, topics: [logs.app], hosts: [nowhere]}
metrics: {port: -1}
"""
    assert [(found.line, found.key) for found in findings(text)] == [
        (5, "producer.linger_ms"),
        (2, "kafka.bootstrap_server"),
        (8, "sinks.b.hosts[0]"),
        (9, "metrics.port"),
        (7, "sinks.a.topics[0]"),
    ]


def test_topics_of_sinks_are_not_judged_while_the_routes_are_wrong():
    text = "routes: [{match: '{', topic: logs.x}]\nsinks: {s: {type: elasticsearch, topics: [logs.x]}}"
    assert [found.key for found in findings(text)] == ["routes[0].match"]


@pytest.mark.parametrize("text", ["a: &a [*a]", "routes: &a [*a]", "kafka: &a {properties: *a}", "routes: [[[[[1]]]]]"])
def test_a_file_that_leads_back_into_itself_is_refused_like_any_other(text: str):
    assert findings(text)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_nobody_reads_the_jargon_of_a_library(mistake: tuple[str, int, str, str, str]):
    with pytest.raises(InvalidSettingsError) as caught:
        parse_settings(mistake[0], "logferry.yaml", {})
    assert not [
        word for word in ("pydantic", "type=", "input_value", "Traceback", "https://") if word in str(caught.value)
    ]


def test_the_error_is_a_settings_error_that_shows_every_finding():
    with pytest.raises(SettingsError) as caught:
        parse_settings("sink: {}\nrutes: []\n", "my.yaml", {})
    assert str(caught.value).splitlines() == [
        "my.yaml: 2 mistakes in the settings",
        "  my.yaml:1: sink: unknown key (did you mean sinks?)",
        "  my.yaml:2: rutes: unknown key (did you mean routes?)",
    ]
    assert caught.value.exit_status == 2
