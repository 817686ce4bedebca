"""How lines are taken apart where recognition is not enough: parsers of one's own, and which source has which.

What needs RE2 or the formats themselves (expressions, formats of times, examples) is checked by streams, whose
`parser_problems` is one of `parse_settings`' checks; a node has neither.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Field

from schemas.settings.parts import Problem, ScalarText, Section, SeverityName, mistake, nearest
from schemas.settings.where import SourceRule

PlainFormat: TypeAlias = Literal[
    "access",
    "apache_error",
    "cassandra",
    "celery",
    "clickhouse",
    "cockroachdb",
    "coredns",
    "dart_logging",
    "django",
    "elasticsearch",
    "env_logger",
    "envoy",
    "etcd",
    "gin",
    "go_log",
    "gunicorn",
    "haproxy",
    "hclog",
    "ingress_nginx",
    "json",
    "jul",
    "kafka",
    "klog",
    "kubernetes_audit",
    "log4j",
    "log4js",
    "logfmt",
    "logrus_console",
    "loguru",
    "ltsv",
    "ltsv_access",
    "mongodb",
    "monolog",
    "ms_console",
    "mysql",
    "mysql_slow",
    "nats",
    "nestjs",
    "nginx_error",
    "nlog",
    "pino_pretty",
    "postgresql",
    "postgresql_csv",
    "python_logging",
    "rabbitmq",
    "redis",
    "ruby_logger",
    "serilog_console",
    "spring_boot",
    "structlog_console",
    "syslog",
    "time_level",
    "tracing_subscriber",
    "traefik",
    "uvicorn",
    "wildfly",
    "zap_console",
    "zerolog_console",
    "zookeeper",
    "text",
]
"""Built-in formats that need no options."""

BUILT_IN: Final[tuple[str, ...]] = ("csv", "tsv", "key_value", *get_args(PlainFormat))
"""Names of the formats that streams know, held against their registry by a test: schemas may not import it."""

CHOICES: Final = ("auto", *BUILT_IN)
"""What a parse rule may name beside parsers of one's own; auto: recognise the format line by line."""

FieldType: TypeAlias = Literal["string", "int", "float", "bool", "json", "duration", "bytes", "ip"]

FieldName = Annotated[str, Field(min_length=1, max_length=200)]


class TimeField(Section):
    """The time that a line tells. It becomes the attribute `time`; the record's timestamp stays the runtime's."""

    field: Annotated[FieldName, Field(examples=["timestamp"])]
    """Field that has it."""

    format: Annotated[str, Field(min_length=1, max_length=200, examples=["%d/%b/%Y:%H:%M:%S %z"])]
    """How it is written: iso8601, rfc3339, unix, unix_ms, unix_us, unix_ns, http, syslog, apache_error, java, or
    strptime's directives."""

    timezone: Annotated[str, Field(min_length=1, examples=["Europe/Berlin"])] = "UTC"
    """Zone of times that are written without one: a place of the IANA list, UTC, or an offset such as +05:30."""

    keep: bool = False
    """Keep the field as it is written, beside `time`."""


class SeverityField(Section):
    """The level that a line tells."""

    field: Annotated[FieldName, Field(examples=["level"])]
    """Field that has it."""

    map: dict[ScalarText, SeverityName] = {}
    """Words of your own and what they mean; usual ones are understood without. Upper and lower case are the same,
    unless both are listed."""


class ParserExample(Section):
    """A line and what must come out of it; checked whenever the settings are read."""

    line: str
    """The line."""

    matches: bool = True
    """False: the parser must not take this line."""

    fields: dict[FieldName, Any] = {}
    """Attributes that must come out, with their values; null: must not be there. Others may come out as well."""

    message: str | None = None
    """Text that the body must be; null: not looked at."""

    severity: SeverityName | None = None
    """Severity that must come out; null: not looked at."""


class ParserOptions(Section):
    """What all kinds of parsers have."""

    fields: dict[FieldName, FieldType] = {}
    """Types of fields: string, int, float, bool, json, duration (becomes seconds), bytes (a size such as 1.5 MiB), ip.
    A value that is not of its type stays as it is. Fields not named here are texts, or what the format says."""

    time: TimeField | None = None
    """Field with the time of the line."""

    severity: SeverityField | None = None
    """Field with the level. By default `level` or `severity`, or what the format says."""

    status: FieldName | None = None
    """Field with an HTTP status, from which the severity follows where no level is written."""

    message: FieldName | None = None
    """Field that becomes the record's body. By default `message` or `msg`, or what the format says; without one the
    whole line."""

    trace_id: FieldName | None = None
    """Field with the trace id, 32 hexadecimal digits. By default `trace_id`."""

    span_id: FieldName | None = None
    """Field with the span id, 16 hexadecimal digits. By default `span_id`."""

    examples: tuple[ParserExample, ...] = ()
    """Lines and what must come out of them. A parser whose examples fail is a mistake in the settings."""


def _listed(patterns: object) -> object:
    return (patterns,) if isinstance(patterns, str) else patterns


_Expression = Annotated[str, Field(min_length=1)]
Expressions = Annotated[
    tuple[_Expression, ...],
    Field(min_length=1),
    BeforeValidator(_listed, json_schema_input_type=_Expression | tuple[_Expression, ...]),
]


class RegexParser(ParserOptions):
    """Lines that a regular expression with named groups takes apart."""

    type: Literal["regex"]

    pattern: Annotated[Expressions, Field(examples=[r"^(?P<time>\S+) (?P<level>\w+) (?P<message>.*)$"])]
    """Expression in RE2's syntax, with names for what it finds; or several, of which the first that matches counts.
    A dot takes line feeds too, because stack traces are joined before they are parsed."""


class GrokParser(ParserOptions):
    """Lines that an expression made of named patterns takes apart, as in Logstash."""

    type: Literal["grok"]

    pattern: Annotated[Expressions, Field(examples=["%{IP:client.address} %{WORD:method} %{NUMBER:took:float}"])]
    """%{NAME}, %{NAME:field} and %{NAME:field:type}, with RE2 between them; or several, of which the first that matches
    counts. Types are those of `fields`."""

    patterns: dict[Annotated[str, Field(min_length=1, max_length=200)], str] = {}
    """Patterns of your own by name, beside the library's or instead of them; they may refer to each other."""


def _different(columns: tuple[str, ...]) -> tuple[str, ...]:
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        raise mistake(f"two columns have the name {twice}", "name them differently")
    return columns


Columns = Annotated[tuple[FieldName, ...], Field(examples=[["time", "level", "message"]]), AfterValidator(_different)]


class CsvParser(ParserOptions):
    """Lines that are rows of a table, whose values may stand in quotation marks."""

    type: Literal["csv"]

    columns: Columns = ()
    """Names of the columns, in their order; those without a name are column_1 and so on."""

    delimiter: Annotated[str, Field(pattern=r"^[!-~\t ]$", examples=[";"])] = ","
    """What stands between two values: one ASCII character."""


class TsvParser(ParserOptions):
    """Lines that are rows of a table, with tabs between the values and no quotation marks."""

    type: Literal["tsv"]

    columns: Columns = ()
    """Names of the columns, in their order; those without a name are column_1 and so on."""


class KeyValueParser(ParserOptions):
    """Lines with pairs of a name and a value among other words."""

    type: Literal["key_value"]

    sign: Annotated[str, Field(pattern=r"^[!-~]{1,3}$", examples=[":"])] = "="
    """What stands between a name and its value."""


class BuiltInParser(ParserOptions):
    """Lines of a built-in format, with types, time or severity of your own."""

    type: PlainFormat


ParserDefinition = Annotated[
    RegexParser | GrokParser | CsvParser | TsvParser | KeyValueParser | BuiltInParser, Field(discriminator="type")
]


class ParseRule(SourceRule):
    """Which parser the lines of some sources have; the first rule that matches decides."""

    parser: Annotated[str, Field(min_length=1, examples=["json"])]
    """A parser under `parsers`, a built-in format, auto (recognise the format, as without a rule), or text (take lines
    as they are). A line that is not of the format is kept whole as text, and counted."""


def parser_names_wrong(parsers: Mapping[str, Any], rules: tuple[ParseRule, ...]) -> Iterator[Problem]:
    """Parsers with names that are taken, and rules that name parsers which do not exist."""
    for name in parsers:
        if name in CHOICES:
            yield Problem(f"{name} is built in", "choose another name, such as my-" + name, ("parsers", name))
    known = (*parsers, *CHOICES)
    for index, rule in enumerate(rules):
        if rule.parser not in known:
            meant = nearest(rule.parser, known)
            remedy = (
                f"did you mean {meant}?" if meant else f"define it under parsers, or choose from {', '.join(known)}"
            )
            yield Problem(f"there is no parser {rule.parser}", remedy, ("parse", index, "parser"))
