"""Every pipeline test under ``pipelines/`` holds, by the same code as ``logferry test`` runs.

Each is run twice: with its lines in as few chunks as can be, and with every line in a chunk of its own, because where a
producer cuts must change nothing.
"""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.pipeline_tests.compare import compare
from deploy.pipeline_tests.expected import Expectation, ExpectedLetter, ExpectedRecord
from deploy.pipeline_tests.file import PipelineTest
from deploy.pipeline_tests.lines import LineSource, WrittenLine
from deploy.pipeline_tests.load import LoadedTest, files_of, load_files, load_text
from deploy.pipeline_tests.run import run_test
from schemas.settings import Settings, parse_settings

FOLDER = Path(__file__).parent / "pipelines"
PAGE = Path(__file__).parents[1] / "docs/pipeline-tests.md"
EXAMPLES = re.findall(r'^```yaml title="tests.yaml"\n(.*?)^```$', PAGE.read_text(), re.MULTILINE | re.DOTALL)


def loaded_examples() -> list[LoadedTest]:
    loaded: list[LoadedTest] = []
    for text in EXAMPLES:
        found = load_text(text, PAGE.name, lambda _config: Settings())
        assert isinstance(found, list), found
        loaded += found
    return loaded


LOADED = load_files(files_of([FOLDER]), lambda: parse_settings("", "the defaults", {})) + loaded_examples()


def _id(loaded: LoadedTest) -> str:
    return f"{Path(loaded.file).stem}: {re.sub('[^ -~]', '', loaded.test.name)}"


@pytest.mark.parametrize("most_lines", [0, 1], ids=["whole", "by line"])
@pytest.mark.parametrize("loaded", LOADED, ids=_id)
def test_what_comes_out_is_what_the_file_says(loaded: LoadedTest, most_lines: int) -> None:
    found = compare(loaded.test.expect, run_test(loaded, most_lines))
    assert found.unaccounted == 0
    assert found.texts[1] == found.texts[0]


def keys(value: Any, *way: str) -> set[str]:
    """Keys that stand under a way through mappings, and lists on it."""
    if isinstance(value, list):
        return set().union(*(keys(each, *way) for each in value))
    if not isinstance(value, dict):
        return set()
    if not way:
        return set(value)
    below = value.values() if way[0] == "*" else [value.get(way[0])]
    return set().union(*(keys(each, *way[1:]) for each in below))


@pytest.mark.parametrize(
    ("model", "way"),
    [
        (PipelineTest, ["tests"]),
        (LineSource, ["tests", "source"]),
        (WrittenLine, ["tests", "lines"]),
        (Expectation, ["tests", "expect"]),
        (ExpectedRecord, ["tests", "expect", "topics", "*"]),
        (ExpectedLetter, ["tests", "expect", "dead_letters"]),
    ],
)
def test_every_key_stands_in_an_example(model: Any, way: list[str]) -> None:
    shown = set().union(*(keys(yaml.safe_load(text), *way) for text in EXAMPLES))
    assert set(model.model_fields) - shown == set()
