"""The chapters of docs/alerts.md, from the chart's alerts.

``python -m tests.tools.alerts_doc`` writes them anew; a test holds both equal.
"""

import re

import yaml

from tests.tools import helm
from tests.tools.page_section import PageSection

FILE = helm.CHART / "files/alerts.yaml"
SECTION = PageSection("alerts")
PARTS = {
    "producer": "producers",
    "pods": "the pod watcher",
    "streams": "stream workers",
    "sink": "sinks",
    "all": "every process",
}


def alerts() -> list[dict[str, str]]:
    found: list[dict[str, str]] = yaml.safe_load(FILE.read_text())
    return found


def chapters() -> str:
    """One for each alert, so that its runbook has an anchor of its own."""
    return "\n".join(_chapter(alert) for alert in alerts())


def _chapter(alert: dict[str, str]) -> str:
    where = alert["see"].removeprefix("docs/")
    held = f", for {alert['for']}" if "for" in alert else ""
    expression = re.sub(r"\{SCOPE,?", "{", alert["expr"]).replace("{}", "").replace("SINK", "NAME").strip()
    return "\n".join(
        [
            f"## {alert['alert']}",
            "",
            f"{alert['severity'].capitalize()}, of {PARTS[alert['of']]}{held}: {_plain(alert['summary'])}.",
            "",
            f"{_plain(alert['description'])} {_plain(alert['action'])} See [{where.partition('.')[0]}]({where}).",
            "",
            "```promql",
            expression,
            "```",
            "",
        ]
    )


def _plain(text: str) -> str:
    """Without the language by which Prometheus fills in figures and labels."""
    text = re.sub(r"\{\{ with \$labels\.\w+ \}\}.*?\{\{ end \}\}", "", text)
    text = re.sub(r"\{\{ \$labels\.(?:exported_)?(\w+) \}\}", r"*\1*", text)
    text = re.sub(r"\{\{ \$value[^}]*\}\}", "*value*", text)
    return " ".join(text.replace("SINK", "*name*").split())


if __name__ == "__main__":
    SECTION.write(chapters())
