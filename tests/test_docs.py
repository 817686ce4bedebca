"""What the documentation shows is true: settings are valid, links lead somewhere, names exist."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml

from schemas.metrics import METRICS
from schemas.settings import (
    Input,
    PodsSettings,
    QuotaRule,
    Route,
    SamplingRule,
    Settings,
    SeverityRule,
    Where,
    parse_settings,
)

ROOT = Path(__file__).parents[1]
_FOLDERS = ("docs", "deploy/examples")
PAGES = sorted(
    ["README.md", "CHANGELOG.md"]
    + [str(page.relative_to(ROOT)) for folder in _FOLDERS for page in (ROOT / folder).rglob("*.md")]
)
INPUTS = {get_args(each.model_fields["type"].annotation)[0]: each for each in get_args(get_args(Input)[0])}

FENCE = re.compile(r"^```(?P<mark>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
METRIC = re.compile(r"\blogferry_(?:producer|stream|sink|pods)_[a-z_]+[a-z]\b")


def blocks(page: str, language: str) -> Iterator[tuple[str, str]]:
    """What stands behind the language in a block's first line, and the block's text."""
    for found in FENCE.finditer((ROOT / page).read_text()):
        name, _, rest = found["mark"].partition(" ")
        if name == language:
            yield rest, found["text"]


def settings_blocks(page: str) -> list[str]:
    return [text for mark, text in blocks(page, "yaml") if mark == 'title="logferry.yaml"']


SETTINGS = [(page, number) for page in PAGES for number in range(len(settings_blocks(page)))]


@pytest.mark.parametrize(("page", "number"), SETTINGS)
def test_settings_that_are_shown_are_valid(page: str, number: int) -> None:
    settings = parse_settings(settings_blocks(page)[number], page, {})
    assert isinstance(settings, Settings)


@pytest.mark.parametrize("page", PAGES)
def test_every_yaml_block_says_which_file_it_is_of(page: str) -> None:
    assert [mark for mark, _ in blocks(page, "yaml") if not re.fullmatch(r'title="[a-z]+\.yaml"', mark)] == []


@pytest.mark.parametrize("page", PAGES)
def test_yaml_of_other_programs_can_be_read_at_least(page: str) -> None:
    assert [
        type(yaml.safe_load(text)) for _, text in blocks(page, "yaml") if type(yaml.safe_load(text)) is not dict
    ] == []


@pytest.mark.parametrize("page", PAGES)
def test_python_that_is_shown_can_be_compiled(page: str) -> None:
    for _, text in blocks(page, "python"):
        compile(text, page, "exec")


def shown(section: str, kind: str | None = None) -> set[str]:
    """Keys that examples of docs show under a section; of ``inputs``: of one type."""
    keys: set[str] = set()
    for page in PAGES:
        for text in settings_blocks(page):
            found = yaml.safe_load(text).get(section) or {}
            for each in [found] if kind is None else [entry for entry in found.values() if entry["type"] == kind]:
                keys |= set(each)
    return keys


@pytest.mark.parametrize("kind", INPUTS)
def test_every_setting_of_an_input_stands_in_an_example(kind: str) -> None:
    assert set(INPUTS[kind].model_fields) - shown("inputs", kind) == set()


def test_every_setting_of_the_pod_watcher_stands_in_an_example() -> None:
    assert set(PodsSettings.model_fields) - shown("pods") == set()


RULES = {"severity": SeverityRule, "routes": Route, "sampling": SamplingRule, "quotas": QuotaRule}


def shown_in_lists(section: str) -> tuple[set[str], set[str]]:
    """Keys that examples of docs show in the rules of a section, and under `where` in them."""
    entries = [
        entry for page in PAGES for text in settings_blocks(page) for entry in yaml.safe_load(text).get(section) or []
    ]
    return {key for entry in entries for key in entry}, {key for entry in entries for key in entry.get("where") or {}}


@pytest.mark.parametrize("section", RULES)
def test_every_setting_of_a_rule_stands_in_an_example(section: str) -> None:
    keys = {field.alias or name for name, field in RULES[section].model_fields.items()}
    assert keys - shown_in_lists(section)[0] == set()


def test_every_condition_on_the_place_stands_in_an_example() -> None:
    assert set(Where.model_fields) - set.union(*(shown_in_lists(section)[1] for section in RULES)) == set()


@pytest.mark.parametrize("kind", INPUTS)
def test_every_input_has_a_section_and_a_line_in_the_readme(kind: str) -> None:
    assert f"\n## {kind}\n" in (ROOT / "docs/inputs.md").read_text()
    assert f"[`{kind}`](docs/inputs.md#{kind})" in (ROOT / "README.md").read_text()


def anchors(page: Path) -> set[str]:
    """Anchors of headings, as GitHub makes them."""
    text = FENCE.sub("", page.read_text())
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_every_relative_link_leads_to_something_that_is_there(page: str) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", (ROOT / page).read_text())):
        path, _, anchor = target.partition("#")
        if "://" in path:
            continue
        place = (ROOT / page).parent / path if path else ROOT / page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES)
def test_every_metric_that_is_named_exists(page: str) -> None:
    histograms = [name for name, metric in METRICS.items() if metric.kind == "histogram"]
    series = {f"{name}_{part}" for name in histograms for part in ("bucket", "sum", "count")}
    assert set(METRIC.findall((ROOT / page).read_text())) - set(METRICS) - series == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_page_is_reached_from_the_readme(page: str) -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        current = waiting.pop().resolve()
        if current in seen or not current.exists():
            continue
        seen.add(current)
        if current.is_dir():
            waiting.append(current / "README.md")
        elif current.suffix == ".md":
            targets = [target.partition("#")[0] for target in LINK.findall(FENCE.sub("", current.read_text()))]
            waiting += [current.parent / target for target in targets if target and "://" not in target]
    assert (ROOT / page).resolve() in seen
