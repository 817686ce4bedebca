"""Visualizations of Kibana's Lens: bars over time, tables of the most frequent, single numbers.

Each has one layer over one data view. Its columns say what is asked of Elasticsearch: buckets by time or by the most
frequent values of fields, and in each the number of documents. Shape: Kibana's own exports of 8.9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from deploy.kibana.saved_objects import SavedObject, object_id, query_of, reference

LAYER: Final = "layer"
COUNT: Final = "count"
TIME: Final = "time"
Column = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """What a visualization asks, and how it shows it."""

    name: str
    query: str
    kind: str
    """``lnsXY``, ``lnsDatatable`` or ``lnsMetric``."""
    fields: Mapping[str, int]
    """Field -> how many of its most frequent values; buckets within buckets in this order."""
    description: str = ""
    color: str = "#BD271E"
    """Of a single number."""


def lens(view: SavedObject, chart: Chart) -> SavedObject:
    """The saved object of a chart."""
    columns = _columns(chart)
    layer = {
        "columns": columns,
        "columnOrder": list(columns),
        "incompleteColumns": {},
        "ignoreGlobalFilters": False,
        "sampling": 1,
    }
    state = {
        "adHocDataViews": {},
        "datasourceStates": {"formBased": {"layers": {LAYER: layer}}, "textBased": {"layers": {}}},
        "filters": [],
        "internalReferences": [],
        "query": query_of(chart.query),
        "visualization": _SHOWN[chart.kind](chart, list(columns)),
    }
    attributes = {
        "title": f"logferry: {chart.name}",
        "description": chart.description,
        "visualizationType": chart.kind,
        "state": state,
    }
    id_ = object_id(view.attributes["title"], "lens", chart.name)
    return SavedObject("lens", id_, attributes, [reference(f"indexpattern-datasource-layer-{LAYER}", view)])


def _columns(chart: Chart) -> dict[str, Column]:
    """Buckets first, then what is counted in them."""
    columns = {f"by{at}": _most_frequent(field, size) for at, (field, size) in enumerate(chart.fields.items())}
    if chart.kind == "lnsXY":
        columns[TIME] = _over_time()
    columns[COUNT] = _count()
    return columns


def _count() -> Column:
    return {
        "label": "Lines",
        "customLabel": True,
        "dataType": "number",
        "operationType": "count",
        "isBucketed": False,
        "scale": "ratio",
        "sourceField": "___records___",
        "params": {"emptyAsNull": False},
    }


def _over_time() -> Column:
    return {
        "label": "@timestamp",
        "dataType": "date",
        "operationType": "date_histogram",
        "isBucketed": True,
        "scale": "interval",
        "sourceField": "@timestamp",
        "params": {"interval": "auto", "includeEmptyRows": True, "dropPartials": False},
    }


def _most_frequent(field: str, size: int) -> Column:
    """Lines without the field count as well, under a heading of their own."""
    return {
        "label": field,
        "customLabel": True,
        "dataType": "string",
        "operationType": "terms",
        "isBucketed": True,
        "scale": "ordinal",
        "sourceField": field,
        "params": {
            "size": size,
            "orderBy": {"type": "column", "columnId": COUNT},
            "orderDirection": "desc",
            "otherBucket": True,
            "missingBucket": True,
            "parentFormat": {"id": "terms"},
            "include": [],
            "exclude": [],
            "includeIsRegex": False,
            "excludeIsRegex": False,
        },
    }


def _bars(chart: Chart, _columns: Sequence[str]) -> dict[str, Any]:
    layer = {
        "layerId": LAYER,
        "layerType": "data",
        "seriesType": "bar_stacked",
        "xAccessor": TIME,
        "accessors": [COUNT],
        "position": "top",
        "showGridlines": False,
    }
    split = {"splitAccessor": "by0"} if chart.fields else {}
    return {
        "layers": [layer | split],
        "preferredSeriesType": "bar_stacked",
        "legend": {"isVisible": True, "position": "right"},
        "valueLabels": "hide",
        "fittingFunction": "None",
        "axisTitlesVisibilitySettings": {"x": False, "yLeft": False, "yRight": False},
        "tickLabelsVisibilitySettings": {"x": True, "yLeft": True, "yRight": True},
        "gridlinesVisibilitySettings": {"x": False, "yLeft": True, "yRight": True},
        "labelsOrientation": {"x": 0, "yLeft": 0, "yRight": 0},
    }


def _table(_chart: Chart, columns: Sequence[str]) -> dict[str, Any]:
    return {
        "layerId": LAYER,
        "layerType": "data",
        "columns": [{"columnId": each, "isTransposed": False} for each in columns],
        "sorting": {"columnId": COUNT, "direction": "desc"},
        "paging": {"enabled": True, "size": 10},
        "rowHeight": "auto",
        "headerRowHeight": "single",
    }


def _number(chart: Chart, _columns: Sequence[str]) -> dict[str, Any]:
    return {"layerId": LAYER, "layerType": "data", "metricAccessor": COUNT, "color": chart.color}


_SHOWN: Final = {"lnsXY": _bars, "lnsDatatable": _table, "lnsMetric": _number}
