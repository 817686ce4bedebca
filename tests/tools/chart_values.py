"""The table of values in the chart's README, from its schema and its values.

``python -m tests.tools.chart_values`` writes it anew; a test holds both equal.
"""

import json
from collections.abc import Iterator
from functools import reduce
from typing import Any

import yaml

from tests.tools import chart_schema, helm

README = helm.CHART / "README.md"
BEGIN, END = "<!-- values -->\n", "<!-- /values -->\n"
COMMON = (
    "image", "resources", "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "priorityClassName",
    "podLabels", "podAnnotations", "podSecurityContext", "securityContext", "env", "envFrom", "secretMounts",
    "extraVolumes", "extraVolumeMounts", "terminationGracePeriodSeconds", "updateStrategy",
)  # fmt: skip
"""What every component has, told once."""
COMPONENTS = ("producer", "pods", "streams", "sinks.defaults", "topics")
LONGEST_DEFAULT = 60


def table() -> str:
    """Rows of Markdown, one for each value."""
    schema = json.loads(chart_schema.FILE.read_text())
    values = yaml.safe_load((helm.CHART / "values.yaml").read_text())
    streams = schema["properties"]["streams"]["properties"]
    rows = [*_rows("", schema["properties"], values)]
    rows += [f"| of {_owners(name, values)}: `{name}` | | {_text(streams[name])} |" for name in COMMON]
    return "\n".join(["| value | default | what it is |", "|---|---|---|", *rows, ""])


def _owners(name: str, values: dict[str, Any]) -> str:
    found = [each for each in COMPONENTS if name in reduce(dict.__getitem__, each.split("."), values)]
    return "each component" if len(found) == len(COMPONENTS) else ", ".join(each.partition(".")[0] for each in found)


def _rows(prefix: str, properties: dict[str, Any], values: dict[str, Any]) -> Iterator[str]:
    for name, each in properties.items():
        place = f"{prefix}{name}"
        if name == "global" or (prefix.rstrip(".") in COMPONENTS and name in COMMON):
            continue
        if "properties" in each and name not in ("image", "nodeImage", "types", "components"):
            yield from _rows(f"{place}.", each["properties"], values.get(name) or {})
        else:
            text = "The same `logferry.yaml` as everywhere." if name == "config" else _text(each)
            yield f"| `{place}` | {_default(values.get(name))} | {text} |"


def _text(each: dict[str, Any]) -> str:
    return str(each.get("description", "")).replace("|", "\\|")


def _default(value: Any) -> str:
    if value in (None, "", [], {}):
        return {"": '`""`', "[]": "`[]`", "{}": "`{}`"}.get(str(value), "`null`")
    text = json.dumps(value) if not isinstance(value, str) else value
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else "see values.yaml"


def written(readme: str) -> str:
    """The README with the table as it should be."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
