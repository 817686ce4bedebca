"""Schemas in a Confluent-compatible schema registry, under the usual subject names (``<topic>-value``).

Only where `kafka.schema_registry` is set; then every stage registers what it may write when it starts, and values are
in Confluent wire format. Registering what is there already changes nothing.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any, Final

from schemas.codec import schema_versions, use_registered
from schemas.errors import SettingsError, TemporaryError

if TYPE_CHECKING:
    from confluent_kafka.schema_registry import SchemaRegistryClient

    from schemas.settings import Settings

_log = logging.getLogger(__name__)

UNPROCESSABLE: Final = 422
_EMPTY_OBJECT: Final = '"default": "{}"'
_EMPTY_OBJECT_SPACED: Final = '"default": "{ }"'
"""Apicurio Registry (3.3.3) takes a schema for none at all where a text has the default ``{}``. To whoever reads, the
text of an empty object is the same with a space, and all values that were ever written have the field."""


def prepare_codecs(settings: Settings) -> None:
    """Make the codecs of this process write what the settings ask for. Raises TemporaryError without an answer."""
    if settings.kafka.schema_registry is None:
        return
    url = str(settings.kafka.schema_registry.url)
    try:
        from confluent_kafka.schema_registry import SchemaRegistryClient
    except ImportError as error:
        raise SettingsError(
            f"the packages for a schema registry are not installed: {error.name} is missing",
            where="kafka.schema_registry",
            remedy="pip install 'logferry[registry]'",
        ) from error
    with SchemaRegistryClient({"url": url}) as client:
        ids = register(client, settings)
    use_registered(ids)
    _log.info("%d schemas registered at %s", len(ids), url)


def without_docs(text: str) -> str:
    """A schema (JSON text) without what it says to people."""

    def stripped(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: stripped(value) for key, value in node.items() if key != "doc"}
        return [stripped(each) for each in node] if isinstance(node, list) else node

    return json.dumps(stripped(json.loads(text)))


def register(client: SchemaRegistryClient, settings: Settings) -> dict[str, int]:
    """Register every version of every topic's schema, oldest first; returns the id of each schema text.

    What is registered has no documentation, so that a better word in it makes no new schema: values in topics name the
    id that was given when they were written.
    """
    from schemas.topics import topics_for

    ids: dict[str, int] = {}
    for topic in topics_for(settings):
        kind = topic.kind.value.split(".")[0]
        for text in schema_versions(kind).values():
            try:
                ids[text] = _registered(client, f"{topic.name}-value", without_docs(text))
            except Exception as error:  # the client raises its own errors, httpx's and OSError
                raise TemporaryError(
                    f"the schema of {topic.name} cannot be registered: {error}",
                    delay=5.0,
                    where="kafka.schema_registry",
                    remedy="check the address, and that the subject's compatibility allows the schema",
                ) from error
    return ids


def _registered(client: SchemaRegistryClient, subject: str, text: str) -> int:
    """The id of a schema. Raises what the client raises."""
    from confluent_kafka.schema_registry import Schema, SchemaRegistryError

    try:
        return client.register_schema(subject, Schema(text, "AVRO"))
    except SchemaRegistryError as error:
        other = text.replace(_EMPTY_OBJECT, _EMPTY_OBJECT_SPACED)
        if error.http_status_code != UNPROCESSABLE or other == text:
            raise
        return client.register_schema(subject, Schema(other, "AVRO"))
