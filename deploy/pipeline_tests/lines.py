"""The lines of a test and where they come from, as a file says it."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from deploy.pipeline_tests.values import Moment, Name, Plain, Texts
from schemas.settings.parts import NUMBER, Section, mistake

TestedFraming = Literal["cri", "docker", "raw", "syslog", "journald", "forward", "otlp_json"]


class LineSource(Section):
    """Where the lines come from."""

    namespace: Name | None = None
    """Kubernetes namespace. Null: `default`, where the source is a pod at all."""

    pod: Name | None = None
    """Name of the pod. Null: `app-0`."""

    container: Name | None = None
    """Name of the container. Null: `app`."""

    labels: Annotated[Texts, Field(examples=[{"app": "cart"}])] = {}
    """Labels of the pod, as logs.pods has them (with framing docker outside of Kubernetes: of the container)."""

    annotations: Annotated[Texts, Field(examples=[{"logferry.io/parser": "json"}])] = {}
    """Annotations of the pod."""

    image: Name | None = None
    """Image of the container."""

    resolved: bool = True
    """Whether logs.pods knows the pod. False: only what the path tells is known, so labels and annotations are not."""

    node: Name = "node-1"
    """Name of the node."""

    tag: Name | None = None
    """Tag that an input or a client gave. Null: the one that streams derive."""

    path: Name | None = None
    """File that the lines stand in. Null: one that fits the source."""

    framing: TestedFraming | None = None
    """How the lines are wrapped on their way. Null: cri for pods; raw where only a tag or a path is given."""

    encoding: Name | None = None
    """Encoding that the source declares, with framing raw. Null: UTF-8."""

    stream: Literal["stdout", "stderr"] = "stdout"
    """Stream of the lines that do not say theirs."""

    time: Moment = "2026-01-01T00:00:00Z"
    """Time of the first line; each one behind it is a millisecond later. Every clock that rules ask shows this time."""

    def over(self, other: "LineSource") -> "LineSource":
        """This source, with what only the other says."""
        given = {name: getattr(source, name) for source in (other, self) for name in source.model_fields_set}
        return LineSource.model_validate(given)


class WrittenLine(Section):
    """A line that is more than its text."""

    text: str | None = None
    """The text of the line. One of text, bytes and entry."""

    bytes: str | None = None
    """The line as bytes: Latin-1 text, so that a backslash, x and two digits in double quotes make any byte."""

    entry: dict[str, Plain] | None = None
    """With framing forward or journald: the fields of an entry."""

    stream: Literal["stdout", "stderr"] | None = None
    """Its stream. Null: that of the source."""

    after: Annotated[float, Field(ge=0), NUMBER] | None = None
    """Seconds since the line before. Null: a millisecond. With it a chunk begins, as when a producer reads again."""

    partial: bool = False
    """With framing cri or docker: it goes on in the next line of its stream."""

    @model_validator(mode="after")
    def _one_content(self) -> Self:
        if sum(each is not None for each in (self.text, self.bytes, self.entry)) != 1:
            raise mistake("a line has one content", "write one of text, bytes and entry")
        if any(ord(each) > 255 for each in self.bytes or ""):
            raise mistake("bytes has a character that is no byte", "write it as its bytes in UTF-8, or use text")
        return self


def _line_form(value: object) -> str:
    return "written" if isinstance(value, dict | WrittenLine) else "text"


Line = Annotated[Annotated[str, Tag("text")] | Annotated[WrittenLine, Tag("written")], Discriminator(_line_form)]
