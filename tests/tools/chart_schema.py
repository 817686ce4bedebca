"""The settings' part of the chart's schema, so that Helm itself refuses a mistake in ``config``.

``python -m tests.tools.chart_schema`` writes it anew after a change of the settings; a test holds both equal.
"""

import json
from pathlib import Path
from typing import Any

from schemas.settings import json_schema

FILE = Path(__file__).parents[2] / "deploy/helm/logferry/values.schema.json"


def with_settings(schema: dict[str, Any]) -> dict[str, Any]:
    """The chart's schema with the settings' definitions as they are now; its own begin with ``chart``."""
    settings = json_schema()
    own = {name: each for name, each in schema["$defs"].items() if name.startswith("chart")}
    whole = {name: each for name, each in settings.items() if name not in ("$defs", "$schema", "$id")}
    return {**schema, "$defs": {**own, **_told_apart({**settings["$defs"], "Settings": whole})}}


def _told_apart(node: Any) -> Any:
    """Of several models that their type tells apart, only the one that is meant is held against the values.

    Otherwise Helm says of every other model, too, what does not fit it.
    """
    if isinstance(node, list):
        return [_told_apart(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "discriminator" not in node:
        return {key: _told_apart(each) for key, each in node.items()}
    key, models = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
    rest = {name: each for name, each in node.items() if name not in ("discriminator", "oneOf")}
    return {
        **rest,
        "type": "object",
        "required": [key],
        "properties": {key: {"enum": list(models)}},
        "allOf": [
            {"if": {"required": [key], "properties": {key: {"const": name}}}, "then": {"$ref": model}}
            for name, model in models.items()
        ],
    }


def written(schema: dict[str, Any]) -> str:
    return json.dumps(schema, indent=1) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(with_settings(json.loads(FILE.read_text()))))
