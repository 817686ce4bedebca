"""What came out can be written into any file of tests, and nothing but the expectations changes."""

from pathlib import Path

import pytest

from deploy.pipeline_tests.compare import Comparison
from deploy.pipeline_tests.load import LoadedTest, load_text
from deploy.pipeline_tests.report import Verdict, verdict_of
from deploy.pipeline_tests.update import updated
from schemas.settings import Settings

FILES = sorted((Path(__file__).parents[2] / "pipelines").glob("*.yaml"))


def load(text: str) -> list[LoadedTest]:
    loaded = load_text(text, "a.yaml", lambda _config: Settings())
    assert isinstance(loaded, list), loaded
    return loaded


def update(text: str) -> tuple[str, list[Verdict]]:
    return updated(text, [verdict for verdict in map(verdict_of, load(text)) if not verdict.is_good])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_expectations_that_were_emptied_are_filled_again_and_hold(path: Path) -> None:
    nothing = Comparison({}, {})
    emptied, by_hand = updated(path.read_text(), [Verdict(loaded, nothing) for loaded in load(path.read_text())])
    assert by_hand == []
    assert emptied.count("expect: {}") == len(load(emptied))
    filled, by_hand = update(emptied)
    assert by_hand == []
    assert [each.is_good for each in map(verdict_of, load(filled))] == [True] * len(load(filled))
    again, _ = updated(filled, [Verdict(loaded, nothing) for loaded in load(filled)])
    assert again == emptied


TEST = "tests:\n  - name: a\n    lines: [b]\n"
FILLED = "    expect:\n      topics:\n        logs.app:\n          - body: b\n            severity: unknown\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEST, TEST + FILLED),
        (TEST.removesuffix("\n"), TEST + FILLED),
        (TEST + "# end", TEST + FILLED + "# end\n"),
        (TEST + "    expect: {dropped: {severity: 1}}  # wrong\n\n# end\n", TEST + FILLED + "\n# end\n"),
        (
            "tests:\n- name: a\n  expect:\n    topics:\n      logs.app:\n      - body: |\n          x\n\n  text: b\n",
            "tests:\n- name: a\n  expect:\n    topics:\n      logs.app:\n        - body: b\n\n  text: b\n",
        ),
        ("tests:\n  - name: a\n    text: |\n      b\n", "tests:\n  - name: a\n    text: |\n      b\n" + FILLED),
    ],
)
def test_an_expectation_takes_the_place_of_the_one_before(text: str, expected: str) -> None:
    assert update(text) == (expected, [])


@pytest.mark.parametrize(
    "text",
    [
        "tests: [{name: a, lines: [b]}]\n",
        "tests:\n  - expect: {}\n    name: a\n    lines: [b]\n",
        "tests:\n  - name: a\n    lines: [b]\n    expect: {topics: {logs.app: &x [c]}}\n"
        "  - name: d\n    lines: [c]\n    expect: {topics: {logs.app: *x}}\n",
    ],
)
def test_what_cannot_be_replaced_is_left_to_its_author(text: str) -> None:
    found, by_hand = update(text)
    assert found == text
    assert [each.loaded.test.name for each in by_hand] == ["a"]
