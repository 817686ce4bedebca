"""Conditions on where lines come from, for every rule that asks for more than a tag.

where: {namespaces: [shop, shop-*], containers: [cart], labels: {app: cart*, tier: frontend}}
"""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from schemas.settings.parts import Pattern, Problem, ProblemsError, Section


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _texts(value: object) -> object:
    values = value if isinstance(value, list | tuple) else (value,)
    return tuple(map(_text, values)) if value is not None else value


_SCALAR_OR_LIST = str | int | float | bool | list[str | int | float | bool]
_GlobTexts = tuple[Annotated[str, Field(min_length=1)], ...]

Globs = Annotated[_GlobTexts, BeforeValidator(_texts, json_schema_input_type=_SCALAR_OR_LIST)]
"""Globs (`schemas.globs`), any of which may fit; a single one needs no brackets, a number no quotes."""

SomeGlobs = Annotated[_GlobTexts, Field(min_length=1), BeforeValidator(_texts, json_schema_input_type=_SCALAR_OR_LIST)]
"""The same, at least one."""


class Where(Section):
    """Which sources a rule is for: all conditions that are given must hold; what is left out holds for any source.

    Values are globs: * any text, ? one character, [abc] one of some. A source outside of Kubernetes has no namespace
    and no pod, so no condition on them holds for it; a plain container has labels.
    """

    namespaces: Annotated[Globs, Field(examples=[["shop", "shop-*"]])] = ()
    """Namespaces, any of which fits. Empty by default: in any namespace, or in none."""

    pods: Annotated[Globs, Field(examples=[["cart-*"]])] = ()
    """Names of pods, any of which fits. Empty by default: any."""

    containers: Annotated[Globs, Field(examples=[["app", "sidecar-*"]])] = ()
    """Names of containers, any of which fits. Empty by default: any."""

    nodes: Annotated[Globs, Field(examples=[["worker-*"]])] = ()
    """Names of nodes, any of which fits. Empty by default: any."""

    labels: Annotated[dict[str, SomeGlobs], Field(examples=[{"app": "cart*"}])] = Field(
        default={}, json_schema_extra={"x-env-separator": "."}
    )
    """Labels of the pod by name; each must be there with a value that fits. Empty by default: any, or none."""


class SourceRule(Section):
    """What all rules have in common: the sources they are for, by tag, by place, or by both."""

    match: Annotated[Pattern, Field(examples=["kube.shop.**"])] = "**"
    """Tag patterns as in fluentd: * one part, ** any parts, {a,b} either; several separated by spaces. May be left out
    where the rule has a `where`."""

    where: Where | None = None
    """Further conditions: namespaces, pods, containers, nodes, labels. Null by default: the tag alone decides."""

    @model_validator(mode="after")
    def _says_for_what(self) -> Self:
        # A rule that was meant for something must never be for everything because a line is missing.
        if "match" not in self.model_fields_set and self.where is None:
            raise ProblemsError((Problem("is missing", "write a pattern such as kube.shop.**", ("match",)),))
        return self
