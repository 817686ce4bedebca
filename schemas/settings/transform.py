"""What is changed about records before they are routed."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, JsonValue, model_validator

from schemas.settings.parts import SIZE, Count, Problem, ProblemsError, Section
from schemas.settings.where import SourceRule

Name = Annotated[str, Field(min_length=1, max_length=1000)]
Target = Literal["body", "severity", "trace_id", "span_id"]

PLACES: Final = ("namespace", "pod", "container", "node", "tag")
"""What a template knows beside attributes."""
PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")

_SEPARATED: Final[dict[str, JsonValue]] = {"x-env-separator": "."}


def _names_as_mapping(value: Any) -> Any:
    if isinstance(value, str):
        return {value: ""}
    if isinstance(value, list | tuple) and all(isinstance(each, str) for each in value):
        return dict.fromkeys(value, "")
    return value


class TransformRule(SourceRule):
    """What is changed about the records of some sources; all rules that match apply, one after the other.

    Within a rule: lift, rename, promote, add, remove. A name with dots is that attribute, or else leads into objects:
    `http.status` finds {http: {status: …}}. What is not there is left out, and the original line never changes.
    """

    lift: Annotated[
        dict[Name, str], BeforeValidator(_names_as_mapping, json_schema_input_type=dict[str, str] | list[str])
    ] = Field(default={}, examples=[{"http": "http."}], json_schema_extra=_SEPARATED)
    """Objects whose members become attributes of their own, by name, with what stands before the members' names:
    {http: "http."}, or [http] for nothing. An attribute that is there already stays, and the member too."""

    rename: Annotated[dict[Name, Name], Field(examples=[{"usr": "user.name"}])] = Field(
        default={}, json_schema_extra=_SEPARATED
    )
    """Attributes that get another name, old: new. One that had the new name is replaced."""

    promote: Annotated[dict[Name, Target], Field(examples=[{"event.text": "body"}])] = Field(
        default={}, json_schema_extra=_SEPARATED
    )
    """Attributes that become the record's own body, severity, trace_id or span_id. One that cannot be that (no level,
    no such id) stays an attribute."""

    add: Annotated[dict[Name, str | bool | int | float], Field(examples=[{"env": "prod", "app": "{namespace}"}])] = (
        Field(default={}, json_schema_extra=_SEPARATED)
    )
    """Attributes that every record gets, also where it has one of that name. In a text {namespace}, {pod}, {container},
    {node}, {tag} and {attribute} (any name of one) stand for values; {{ and }} are braces. When something is missing,
    nothing is added; a text that is nothing but one attribute keeps its type."""

    remove: Annotated[tuple[Name, ...], Field(examples=[["password", "internal.*"]])] = ()
    """Attributes that are left out: names or globs (* any text, dots too; ? one character)."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        problems = [*self._purpose(), *self._templates()]
        if problems:
            raise ProblemsError(problems)
        return self

    def _purpose(self) -> Iterator[Problem]:
        if not (self.lift or self.rename or self.promote or self.add or self.remove):
            yield Problem("nothing is changed", "write lift, rename, promote, add or remove")
        targets = list(self.promote.values())
        for name, target in self.promote.items():
            if target != "body" and target != "severity" and targets.count(target) > 1:
                yield Problem(f"two attributes become {target}", "leave one out", ("promote", name))

    def _templates(self) -> Iterator[Problem]:
        for name, value in self.add.items():
            if isinstance(value, str) and (problem := template_problem(value)):
                yield Problem(problem, "write {namespace}, or {{ for a brace", ("add", name))


def template_problem(text: str) -> str | None:
    """What is wrong with the text of an attribute to add."""
    rest = text.replace("{{", "").replace("}}", "")
    if "" in PLACEHOLDER.findall(rest):
        return f"{text!r} has braces with no name in them"
    if re.search(r"[{}]", PLACEHOLDER.sub("", rest)):
        return f"{text!r} has a brace that is never closed or was never opened"
    return None


class AttributeSettings(Section):
    """How much a record may have beside its text. What is over is kept, as text in the attribute `overflow`."""

    max_count: Count = 128
    """Attributes of one record that stay attributes, members of objects being counted. OpenTelemetry's own limit for
    a log record (OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT)."""

    max_depth: Annotated[int, Field(ge=1, le=50)] = 8
    """Levels of objects and lists, 1 being attributes without any; deeper ones become their JSON text. Few
    programs write more than four, and Elasticsearch takes at most 20."""

    max_bytes: Annotated[int, Field(ge=1024), SIZE] = 64 * 1024
    """Size of the attributes of one record, names and values in UTF-8, and of `overflow`, which is cut to that. Twice
    what Elasticsearch can index of one keyword (32,766 bytes)."""

    keys_per_namespace_max: Count = 1000
    """Different names of attributes of one namespace, as each worker sees them; later ones overflow. Elasticsearch
    takes 1,000 fields in an index by default, and one namespace must not use up everybody's."""
