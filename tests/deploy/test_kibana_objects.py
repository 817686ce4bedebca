"""Saved objects: whole, stable, and of the shape that Kibana exports."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest
from typer.testing import CliRunner

from deploy.cli.app import app
from deploy.kibana.dashboard import CHARTS, SEARCHES, objects
from deploy.kibana.saved_objects import as_ndjson
from schemas.settings import ElasticsearchSink
from sinks.elasticsearch.template import index_template

FOUND = [json.loads(line) for line in as_ndjson(objects("logstash-*")).splitlines()]
FIELDS = index_template(ElasticsearchSink(type="elasticsearch", topics=("logs.app",)))["template"]["mappings"]


def of_type(kind: str) -> list[dict[str, Any]]:
    return [each for each in FOUND if each["type"] == kind]


def mapping_of(field: str) -> dict[str, Any]:
    """The mapping of a field; attributes of any name are keywords."""
    if field.startswith("attributes."):
        return {"type": "keyword"}
    found = FIELDS
    for part in field.split("."):
        found = found["properties"][part]
    return found


def test_there_is_a_data_view_by_time_searches_charts_and_a_dashboard() -> None:
    kinds = [each["type"] for each in FOUND]
    assert kinds == ["index-pattern", *["search"] * len(SEARCHES), *["lens"] * len(CHARTS), "dashboard"]
    view = FOUND[0]["attributes"]
    assert (view["title"], view["timeFieldName"]) == ("logstash-*", "@timestamp")


def test_ids_are_the_same_every_time_and_differ_by_index_pattern() -> None:
    assert [each["id"] for each in FOUND] == [each.id for each in objects("logstash-*")]
    assert {each["id"] for each in FOUND} & {each.id for each in objects("shop-*")} == set()
    assert len({UUID(each["id"]) for each in FOUND}) == len(FOUND)
    assert FOUND[0]["id"] == "0b904af6-0e0c-586f-b473-d107464913d0"


def test_every_reference_leads_to_an_object_of_the_same_file_before_it() -> None:
    seen: set[tuple[str, str]] = set()
    for each in FOUND:
        assert {(ref["type"], ref["id"]) for ref in each["references"]} <= seen
        seen.add((each["type"], each["id"]))


@pytest.mark.parametrize("search", of_type("search"), ids=lambda each: each["attributes"]["title"])
def test_a_search_finds_its_data_view_and_shows_fields_that_there_are(search: dict[str, Any]) -> None:
    source = json.loads(search["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    assert [ref["name"] for ref in search["references"]] == [source["indexRefName"]]
    assert [mapping_of(column)["type"] for column in search["attributes"]["columns"]]
    assert source["query"]["language"] == "lucene"


@pytest.mark.parametrize("chart", of_type("lens"), ids=lambda each: each["attributes"]["title"])
def test_a_chart_groups_by_fields_that_can_be_and_shows_its_columns(chart: dict[str, Any]) -> None:
    state = chart["attributes"]["state"]
    ((layer_id, layer),) = state["datasourceStates"]["formBased"]["layers"].items()
    assert [ref["name"] for ref in chart["references"]] == [f"indexpattern-datasource-layer-{layer_id}"]
    assert layer["columnOrder"] == list(layer["columns"])
    kinds = {"terms": "keyword", "date_histogram": "date"}
    for column in layer["columns"].values():
        if column["isBucketed"]:
            assert mapping_of(column["sourceField"])["type"] == kinds[column["operationType"]]
            by = column["params"].get("orderBy", {}).get("columnId", "count")
            assert layer["columns"][by]["operationType"] == "count"
    assert shown_columns(chart["attributes"]["visualizationType"], state["visualization"]) == set(layer["columns"])


def shown_columns(kind: str, visualization: dict[str, Any]) -> set[str]:
    """Which columns of its layer a visualization names."""
    if kind == "lnsMetric":
        return {visualization["metricAccessor"]}
    if kind == "lnsDatatable":
        return {each["columnId"] for each in visualization["columns"]}
    (layer,) = visualization["layers"]
    return {layer["xAccessor"], layer["splitAccessor"], *layer["accessors"]}


def test_panels_fill_the_grid_without_lying_over_each_other() -> None:
    (dashboard,) = of_type("dashboard")
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    cells: set[tuple[int, int]] = set()
    for panel in panels:
        grid = panel["gridData"]
        assert grid["i"] == panel["panelIndex"]
        own = {(grid["x"] + x, grid["y"] + y) for x in range(grid["w"]) for y in range(grid["h"])}
        assert own & cells == set()
        cells |= own
    height = max(y for _, y in cells) + 1
    assert cells == {(x, y) for x in range(48) for y in range(height)}


def test_the_dashboard_shows_every_chart_and_the_newest_errors() -> None:
    (dashboard,) = of_type("dashboard")
    panels = json.loads(dashboard["attributes"]["panelsJSON"])
    names = [f"{panel['panelIndex']}:{panel['panelRefName']}" for panel in panels]
    wanted = [*of_type("lens"), of_type("search")[0]]
    shown = {ref["name"]: ref["id"] for ref in dashboard["references"] if ref["type"] != "index-pattern"}
    assert shown == dict(zip(names, [each["id"] for each in wanted], strict=True))


def test_the_dashboard_offers_lists_of_fields_that_there_are() -> None:
    (dashboard,) = of_type("dashboard")
    lists = json.loads(dashboard["attributes"]["controlGroupInput"]["panelsJSON"])
    names = [ref["name"] for ref in dashboard["references"] if ref["type"] == "index-pattern"]
    assert names == [f"controlGroup_{each}:optionsListDataView" for each in lists]
    fields = [each["explicitInput"]["fieldName"] for each in lists.values()]
    assert [mapping_of(field)["type"] for field in fields] == ["keyword"] * 4


def test_every_object_says_of_which_version_it_is() -> None:
    assert {(each["type"], each["typeMigrationVersion"], each["coreMigrationVersion"]) for each in FOUND} == {
        ("index-pattern", "8.0.0", "8.8.0"),
        ("search", "8.0.0", "8.8.0"),
        ("lens", "8.9.0", "8.8.0"),
        ("dashboard", "8.9.0", "8.8.0"),
    }


def test_export_writes_one_object_a_line_for_the_index_of_the_settings(tmp_path: Any) -> None:
    config = tmp_path / "logferry.yaml"
    sink = {"type": "elasticsearch", "topics": ["logs.app"], "index": "shop-%G.%V"}
    config.write_text(json.dumps({"routes": [{"match": "**", "topic": "logs.app"}], "sinks": {"search": sink}}))
    result = CliRunner().invoke(app, ["kibana", "export", "-c", str(config)])
    assert result.exit_code == 0
    assert result.stdout == as_ndjson(objects("shop-*"))
