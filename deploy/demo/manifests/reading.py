"""Manifests from the text of YAML files; what the demo cannot do is refused with the place where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from deploy.demo.manifests.objects import Manifest
from schemas.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

KINDS: Final = "Pod, Deployment, DaemonSet, StatefulSet, Job, ConfigMap, Namespace"
_ADAPTER: Final[TypeAdapter[Manifest]] = TypeAdapter(Manifest)


def read_manifests(text: str, file: str) -> list[Manifest]:
    """The objects of a file. Raises SettingsError with everything that is not understood."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        raise SettingsError(f"it is no YAML: {error}", where=file, remedy="correct the file") from error
    return [_read(each, file) for document in documents if document is not None for each in _listed(document)]


def _listed(document: Any) -> Iterator[Any]:
    if isinstance(document, dict) and document.get("kind") == "List":
        yield from document.get("items") or ()
    else:
        yield document


def _read(document: Any, file: str) -> Manifest:
    try:
        return _ADAPTER.validate_python(document)
    except ValidationError as error:
        problems = dict.fromkeys(_problem(each) for each in error.errors(include_url=False))
        raise SettingsError(
            "; ".join(problems),
            where=f"{file}: {_title(document)}",
            remedy=f"the demo runs a part of what a cluster does, see docs/collection.md ({KINDS})",
        ) from error


def _title(document: Any) -> str:
    if not isinstance(document, dict):
        return "a document that is no object"
    metadata = document.get("metadata")
    name = metadata.get("name", "") if isinstance(metadata, dict) else ""
    return f"{document.get('kind', 'an object without kind')} {name}".rstrip()


def _problem(details: ErrorDetails) -> str:
    """One mistake: ``spec.containers[0].lifecycle: the demo does not know it``."""
    found, given = details["type"], details["input"]
    place = ""
    for step in details["loc"][0 if "union_tag" in found else 1 :]:
        place += f"[{step}]" if isinstance(step, int) else f".{step}"
    match found:
        case "union_tag_invalid" | "union_tag_not_found" | "model_attributes_type":
            return "the demo does not know this kind of object"
        case "extra_forbidden":
            said = "the demo does not know it"
        case "missing":
            said = "it is missing"
        case "literal_error" | "string_pattern_mismatch":
            said = f"the demo does not know {given!r}"
        case _:
            said = details["msg"].lower()
    return f"{place.lstrip('.')}: {said}"
