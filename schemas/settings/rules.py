"""Rules over the lines of sources: what is kept, where it goes, how much of it.

Of each list the first rule that fits a source decides; live rules (`logs.control`) are the same models and stand
before all of these.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.settings.parts import Count, Section, SeverityName, Size, TopicName, TopicTemplateText, mistake
from schemas.settings.where import SomeGlobs, SourceRule
from schemas.severity import minimum_number
from schemas.topic_templates import TopicTemplate

Format = Literal["avro", "json"]
"""Encodings of a routed topic's values."""

AnnotationName = Literal["exclude", "minimum-severity", "parser", "multiline"]
"""What a pod may ask for, behind ``logferry.io/``."""


class SeverityRule(SourceRule):
    """Lines below a minimum are dropped; the first rule that matches decides."""

    minimum: Annotated[SeverityName, Field(examples=["warn"])]
    """Lowest severity that is kept: trace, debug, info, warn, error, fatal. Lines of unknown severity are kept too."""


class Route(SourceRule):
    """Where records go; the first that matches takes the record, unless it copies."""

    minimum: SeverityName | None = None
    """Only records of this severity or above; records of unknown severity do not pass a minimum here, because a topic
    such as logs.errors promises that every record is one. Null takes all."""

    maximum: SeverityName | None = None
    """Only records of this severity or below: `minimum: warn, maximum: warn` takes warnings alone. The finer numbers of
    a level belong to it, so `maximum: warn` takes warn4 too. Records of unknown severity pass. Null takes all."""

    attributes: Annotated[dict[str, SomeGlobs], Field(examples=[{"http.request.method": "P*"}])] = Field(
        default={}, json_schema_extra={"x-env-separator": "."}
    )
    """Only records with these attributes: names with globs, any of which the value fits; all names must be there. A
    dot also leads into an object (`user.name` finds {user: {name: …}}), numbers and true or false are compared as
    JSON writes them. Costs some CPU, because a line has to be parsed before anybody knows where it goes."""

    topic: Annotated[TopicTemplateText, Field(examples=["logs.app"])]
    """Topic that takes the records; it is created when missing. Several routes may name the same. {namespace},
    {container}, {node} and {label.<name>} stand for values of the source: logs.ns.{namespace}; how many topics such
    names may make is limited by topics.dynamic_max."""

    copies: bool = Field(default=False, alias="copy")
    """Send a copy here and go on with the next route."""

    format: Format = "avro"
    """Encoding of the values: avro, or json for the documents of Elasticsearch, which its sink passes through as they
    are. All routes to one topic have the same."""

    @model_validator(mode="after")
    def _some_severity_is_left(self) -> Self:
        if self.minimum and self.maximum and minimum_number(self.minimum) > maximum_number(self.maximum):
            raise mistake(f"no severity is at least {self.minimum} and at most {self.maximum}", "exchange them")
        return self

    @property
    def template(self) -> TopicTemplate:
        """The topic's name and its fields."""
        return TopicTemplate(self.topic)


class SamplingRule(SourceRule):
    """Of many lines alike only some are kept; the first rule that matches decides.

    A kept record says in its attribute `suppressed` how many were left out before it, if any.
    """

    below: SeverityName = "warn"
    """Only lines below this severity are sampled; warn by default, so that all warnings and errors are kept. Lines of
    unknown severity count as info."""

    keep_one_in: Count | None = None
    """Keep one line in so many, chosen by the record's id: a second pass over the same lines keeps the same ones.
    Either this or per_second."""

    per_second: Count | None = None
    """Keep so many lines of each source in each second, by the lines' own times."""

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if (self.keep_one_in is None) == (self.per_second is None):
            raise mistake("sampling needs one measure", "write either keep_one_in or per_second")
        return self


class QuotaRule(Section):
    """How much a namespace may send; what is over goes to a topic of its own, complete, to be read when there is time.

    Each namespace has its own quota, also where one rule is for several. The first rule that matches decides.
    """

    namespaces: Annotated[SomeGlobs, Field(examples=[["shop-*"]])]
    """Namespaces (globs) that have this quota, each for itself."""

    bytes_per_minute: Annotated[Size, Field(examples=[104857600])]
    """Bytes of lines of one namespace in one minute, by the lines' own times. Each worker counts its own part: the
    share of the partitions that it works on."""

    topic: TopicName | None = None
    """Topic for what is over: logs.delayed (with topics.prefix) by default."""


class AnnotationRule(Section):
    """What pods of some namespaces may ask for by annotations; the first rule that names the namespace decides."""

    namespaces: Annotated[SomeGlobs, Field(examples=[["kube-system", "bank-*"]])]
    """Namespaces (globs) that the rule is for."""

    obey: tuple[AnnotationName, ...] = ()
    """Which annotations are obeyed there; none by default. Whoever may change a pod can keep its logs from being kept
    by `exclude`, and fill indices by a `minimum-severity`."""


def maximum_number(name: SeverityName) -> int:
    """Return the highest number that passes a maximum: ``warn`` lets up to 16 (warn4) through, ``warn2`` up to 14."""
    number = minimum_number(name)
    return number if name[-1:].isdigit() else number + 3
