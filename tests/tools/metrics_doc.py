"""The tables of docs/metrics.md, from schemas.metrics.

``python -m tests.tools.metrics_doc`` writes them anew; a test holds both equal.
"""

from schemas.metrics import METRICS, unit_of
from tests.tools.page_section import PageSection

SECTION = PageSection("metrics")
CHAPTERS = {
    "": "Every process",
    "logferry_producer_": "Producers",
    "logferry_pods_": "The pod watcher",
    "logferry_stream_": "Stream workers",
    "logferry_sink_": "Sinks",
}


def tables() -> str:
    """A chapter for each stage, with a row for each metric."""
    return "\n".join(part for prefix, title in CHAPTERS.items() for part in _chapter(prefix, title))


def _chapter(prefix: str, title: str) -> list[str]:
    others = tuple(each for each in CHAPTERS if each)
    rows = [_row(name) for name in METRICS if (name.startswith(prefix) if prefix else not name.startswith(others))]
    return [f"## {title}", "", "| metric | kind | unit | what it is |", "|---|---|---|---|", *rows, ""]


def _row(name: str) -> str:
    metric = METRICS[name]
    labels = "{" + ", ".join(metric.labels) + "}" if metric.labels else ""
    return f"| `{name}{labels}` | {metric.kind} | {unit_of(name)} | {metric.meaning} |"


if __name__ == "__main__":
    SECTION.write(tables())
