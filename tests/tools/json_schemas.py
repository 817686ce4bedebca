"""JSON schemas that refuse what an API server would only ignore: of Kubernetes' OpenAPI file, and of definitions.

Strict: a property that the API does not know is an error, and so is null. Each schema stands alone: it carries those
definitions that it refers to.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

PREFIX: Final = "#/definitions/"
META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
LOOSE: Final[Mapping[str, Schema]] = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["integer", "string"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["number", "string"]},
}
"""Types of two faces, which OpenAPI 2 can only call strings."""
CHOICES: Final = ("allOf", "anyOf", "oneOf", "not")
"""What stands below these repeats some of an object's properties, never all."""


def of_kubernetes(swagger: Schema) -> Iterator[tuple[str, Schema]]:
    """``apps/v1/Deployment`` (core: ``v1/Pod``) and its schema, for each kind of ``api/openapi-spec/swagger.json``."""
    definitions = _strict_definitions(swagger)
    for name, definition in definitions.items():
        for kind in definition.get("x-kubernetes-group-version-kind", []):
            version = f"{kind['group']}/{kind['version']}" if kind["group"] else kind["version"]
            own = {**definition, "properties": {**definition.get("properties", {}), **_said(version, kind["kind"])}}
            yield f"{version}/{kind['kind']}", _alone(_requiring(own), definitions | {name: definition})


def of_definition(crd: Schema, swagger: Schema) -> Iterator[tuple[str, Schema]]:
    """The same for each served version of a CustomResourceDefinition; metadata is that of Kubernetes itself."""
    definitions, group, kind = _strict_definitions(swagger), crd["spec"]["group"], crd["spec"]["names"]["kind"]
    for version in (each for each in crd["spec"]["versions"] if each["served"]):
        name = f"{group}/{version['name']}"
        schema = _strict(version["schema"]["openAPIV3Schema"])
        schema["properties"] |= _said(name, kind) | {"metadata": {"$ref": PREFIX + META}}
        yield f"{name}/{kind}", _alone(_requiring(schema), definitions)


def _strict_definitions(swagger: Schema) -> dict[str, Schema]:
    return {name: LOOSE.get(name) or _strict(each) for name, each in swagger["definitions"].items()}


def _said(version: str, kind: str) -> Schema:
    return {"apiVersion": {"const": version}, "kind": {"const": kind}}


def _requiring(schema: Schema) -> Schema:
    return {**schema, "required": sorted({*schema.get("required", []), "apiVersion", "kind", "metadata"})}


def _strict(schema: Schema) -> Schema:
    """A copy without unknown properties at any depth."""
    if schema.get("x-kubernetes-int-or-string"):
        kept = {key: value for key, value in schema.items() if key not in (*CHOICES, "type")}
        return {**kept, "type": ["integer", "string"]}
    made = dict(schema)
    if schema.get("nullable") and "type" in schema:
        made["type"] = [schema["type"], "null"]
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            made[key] = _strict(schema[key])
    if "properties" in schema:
        made["properties"] = {name: _strict(each) for name, each in schema["properties"].items()}
        if not (schema.get("x-kubernetes-preserve-unknown-fields") or "additionalProperties" in schema):
            made["additionalProperties"] = False
    return made


def _alone(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    """The schema with the definitions that it needs."""
    needed: dict[str, Schema] = {}
    waiting = set(_references(schema))
    while waiting:
        name = waiting.pop()
        needed[name] = definitions[name]
        waiting |= set(_references(definitions[name])) - needed.keys()
    return {**schema, "definitions": needed}


def _references(schema: object) -> Iterator[str]:
    if isinstance(schema, list):
        for each in schema:
            yield from _references(each)
    elif isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref" and isinstance(value, str):
                yield value.removeprefix(PREFIX)
            else:
                yield from _references(value)
