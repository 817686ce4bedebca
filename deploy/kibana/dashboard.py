"""What logferry shows in Kibana: which lines there are, of whom, what goes wrong, and what wants looking after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from deploy.kibana.lens import Chart, lens
from deploy.kibana.saved_objects import SavedObject, data_view, object_id, packed, query_of, reference, saved_search

ERRORS: Final = "severity_number:>=17"
"""OpenTelemetry: ERROR 17-20, FATAL 21-24."""
UNRESOLVED: Final = "_exists_:kubernetes.pod_name AND NOT _exists_:kubernetes.container_hash"
"""Nothing but the pod's own metadata tells the digest of its image; labels are often missing then as well."""
DEAD_LETTERS: Final = 'tag:"logferry.dead-letter"'
RESHAPED: Final = "logferry.flags:reshaped"
"""Attributes that Elasticsearch did not take as they were stand in attributes.overflow, as text."""

NAMESPACE: Final = "kubernetes.namespace_name"
POD: Final = "kubernetes.pod_name"
CONTAINER: Final = "kubernetes.container_name"

SEARCHES: Final = (
    ("errors", "Lines of severity error and worse.", ERRORS, ("severity", NAMESPACE, POD, "message")),
    (
        "unresolved pods",
        "Lines of pods whose metadata were not known when the lines came: is the pod watcher running?",
        UNRESOLVED,
        (NAMESPACE, POD, CONTAINER, "logferry.node", "message"),
    ),
    (
        "dead letters",
        "What a stage could not read or a destination refused, where a sink indexes logs.dead-letter.",
        DEAD_LETTERS,
        ("attributes.stage", "attributes.reason", "attributes.topic", "message"),
    ),
    (
        "reshaped documents",
        "Documents that the index did not take as they were, because an attribute has another type there.",
        RESHAPED,
        (NAMESPACE, POD, "attributes.overflow", "message"),
    ),
)
"""Name, description, query and columns of each saved search."""

CHARTS: Final = (
    Chart("lines", "*", "lnsMetric", {}, "All lines.", color="#006BB4"),
    Chart("errors", ERRORS, "lnsMetric", {}, "Lines of severity error and worse."),
    Chart("unresolved", UNRESOLVED, "lnsMetric", {}, "Lines of pods whose metadata were not known.", color="#FEC514"),
    Chart("dead letters", DEAD_LETTERS, "lnsMetric", {}, "Input that somebody should look after."),
    Chart("lines by severity over time", "*", "lnsXY", {"severity": 9}),
    Chart("lines by namespace over time", "*", "lnsXY", {NAMESPACE: 10}),
    Chart(
        "top errors", ERRORS, "lnsDatatable", {NAMESPACE: 10, CONTAINER: 5, "severity": 3}, "Where errors come from."
    ),
    Chart("top pods", "*", "lnsDatatable", {NAMESPACE: 10, POD: 5}, "Who logs most."),
    Chart("unresolved pods", UNRESOLVED, "lnsDatatable", {"logferry.node": 10, NAMESPACE: 10, POD: 5}),
    Chart("dead letters by reason", DEAD_LETTERS, "lnsDatatable", {"attributes.stage": 10, "attributes.reason": 10}),
)
"""In the order in which they stand on the dashboard."""

CONTROLS: Final = (
    ("Namespace", NAMESPACE),
    ("Container", CONTAINER),
    ("Severity", "severity"),
    ("Node", "logferry.node"),
)
"""Lists above the panels to choose from; each offers what the choices before it leave."""

COLUMNS: Final = 48
"""Width of a dashboard's grid."""
_SIZES: Final = {"lnsMetric": (12, 6), "lnsXY": (24, 14), "lnsDatatable": (24, 14), "search": (48, 18)}
"""Width and height of a panel."""


def objects(pattern: str) -> list[SavedObject]:
    """Everything for the indices of a pattern; what others refer to comes first."""
    view = data_view(pattern)
    searches = [saved_search(view, *each) for each in SEARCHES]
    charts = [lens(view, each) for each in CHARTS]
    return [view, *searches, *charts, _dashboard(view, [*charts, searches[0]])]


def _dashboard(view: SavedObject, panels: Sequence[SavedObject]) -> SavedObject:
    pattern, placed = view.attributes["title"], _placed(panels)
    attributes = {
        "title": f"logferry: logs of {pattern}",
        "description": "Lines by severity and namespace, errors, pods without metadata, dead letters.",
        "panelsJSON": packed(placed),
        "optionsJSON": packed({"useMargins": True, "syncColors": False, "hidePanelTitles": False}),
        "controlGroupInput": _controls(),
        "timeRestore": True,
        "timeFrom": "now-24h",
        "timeTo": "now",
        "refreshInterval": {"pause": True, "value": 60000},
        "kibanaSavedObjectMeta": {"searchSourceJSON": packed({"query": query_of(""), "filter": []})},
    }
    references = [
        reference(f"{panel['panelIndex']}:{panel['panelRefName']}", shown)
        for panel, shown in zip(placed, panels, strict=True)
    ]
    references += [
        reference(f"controlGroup_{_control_id(at)}:optionsListDataView", view) for at in range(len(CONTROLS))
    ]
    return SavedObject("dashboard", object_id(pattern, "dashboard", ""), attributes, references)


def _control_id(at: int) -> str:
    return f"control-{at}"


def _controls() -> dict[str, str]:
    lists = {
        _control_id(at): {
            "type": "optionsListControl",
            "order": at,
            "width": "medium",
            "grow": True,
            "explicitInput": {
                "id": _control_id(at),
                "title": title,
                "fieldName": field,
                "selectedOptions": [],
                "enhancements": {},
            },
        }
        for at, (title, field) in enumerate(CONTROLS)
    }
    heeds = dict.fromkeys(("ignoreFilters", "ignoreQuery", "ignoreTimerange", "ignoreValidations"), False)
    return {
        "controlStyle": "oneLine",
        "chainingSystem": "HIERARCHICAL",
        "panelsJSON": packed(lists),
        "ignoreParentSettingsJSON": packed(heeds),
    }


def _placed(panels: Sequence[SavedObject]) -> list[dict[str, Any]]:
    """Panels in rows, from left to right."""
    placed = []
    x = y = height = 0
    for number, panel in enumerate(panels):
        width, tall = _SIZES[panel.attributes.get("visualizationType", panel.type)]
        if x + width > COLUMNS:
            x, y, height = 0, y + height, 0
        index = f"panel-{number}"
        placed.append(
            {
                "type": panel.type,
                "panelIndex": index,
                "panelRefName": f"panel_{index}",
                "gridData": {"x": x, "y": y, "w": width, "h": tall, "i": index},
                "embeddableConfig": {"enhancements": {}},
            }
        )
        x, height = x + width, max(height, tall)
    return placed
