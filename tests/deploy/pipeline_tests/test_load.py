"""A mistake in a file of tests is told with its line and what was probably meant."""

import pytest

from deploy.pipeline_tests.load import load_text
from schemas.settings import Settings

HEAD = "tests:\n  - name: a\n"


def findings(text: str) -> list[str]:
    found = load_text(text, "a.yaml", lambda _config: Settings())
    return [] if isinstance(found, list) else [str(each) for each in found]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a.yaml:1: tests: is missing"),
        ("tests:\n  - {name: a}\n", "a.yaml:2: tests[0]: a test has lines (write either lines: [...] or text: |)"),
        (HEAD + "    lines: [x]\n    text: y\n", "a.yaml:2: tests[0]: a test has lines"),
        (HEAD + "    lines: [x]\n  - name: a\n    lines: [x]\n", "a.yaml:4: tests[1].name: stands twice"),
        (HEAD + "    name: b\n    lines: [x]\n", "a.yaml:3: tests[0].name: stands here again, first in line 2"),
        (HEAD + "    lines: [{text: x, bytes: y}]\n", "a.yaml:3: tests[0].lines[0]: a line has one content"),
        (HEAD + "    lines: [{bytes: €}]\n", "a.yaml:3: tests[0].lines[0]: bytes has a character that is no byte"),
        (HEAD + "    lines: [{entry: {a: 1}}]\n", "a.yaml:3: tests[0].lines[0].entry: framing cri has no entries"),
        (HEAD + "    lines: [2026-01-01]\n", "a.yaml:3: tests[0].lines[0]: expected a text or a mapping"),
        (
            HEAD + "    verbatim: true\n    lines: [{text: x, partial: true}]\n",
            "a.yaml:4: tests[0].lines[0].partial: only a line that a container runtime is to write",
        ),
        (
            HEAD + "    source: {path: /x, encoding: utf-9}\n    lines: [x]\n",
            "a.yaml:3: tests[0].source.encoding: the lines cannot be written in utf-9",
        ),
        (
            HEAD + "    source: {encoding: utf-8}\n    lines: [x]\n",
            "a.yaml:3: tests[0].source.encoding: only text has an encoding",
        ),
        (
            HEAD + "    source: {framing: raw, annotations: {a: b}}\n    lines: [x]\n",
            "a.yaml:3: tests[0].source.annotations: only a pod has annotations",
        ),
        (
            HEAD + "    lines: [x]\n    expect: {dropped: {sampling: 1}}\n",
            "a.yaml:4: tests[0].expect.dropped.sampling: nothing is dropped for this reason (did you mean sampled?)",
        ),
        (
            HEAD + "    lines: [x]\n    expect:\n      topics: {logs.app: [{attributes: {at: 2026-01-01}}]}\n",
            "a.yaml:5: tests[0].expect.topics.logs.app[0].attributes.at: YAML reads this as a time",
        ),
        (
            HEAD + "    lines: [x]\n    expect: {topics: {logs.app: [{severity: wran}]}}\n",
            "a.yaml:4: tests[0].expect.topics.logs.app[0].severity: 'wran' is no severity",
        ),
        (
            HEAD + "    live:\n      - {kind: severity, match: '**', minimum: wran}\n    lines: [x]\n",
            "a.yaml:4: tests[0].live[0].minimum: 'wran' is not one of the choices (did you mean warn?",
        ),
        (
            HEAD + "    live: [{kind: route, match: '**', topic: logs.raw}]\n    lines: [x]\n",
            "a.yaml:3: tests[0].live[0]: logs.raw has a meaning of its own",
        ),
        (
            HEAD + "    live: [{kind: route, match: '**', topic: logs.app, format: json}]\n    lines: [x]\n",
            "a.yaml:3: tests[0].live[0]: logs.app would hold",
        ),
        (
            "settings:\n  parsers:\n    p:\n      type: regex\n      pattern: '(?P<a>x)'\n      examples: [{line: y}]\n"
            + HEAD
            + "    lines: [x]\n",
            "a.yaml:6: settings.parsers.p.examples[0].line: the parser does not take this line",
        ),
        ("config: a\nsettings: {}\n" + HEAD + "    lines: [x]\n", "a.yaml:1: config: there are settings already"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, words: str) -> None:
    found = findings(text)
    assert len(found) == 1, found
    assert found[0].startswith(words)


def test_two_live_rules_that_contradict_each_other_are_a_mistake() -> None:
    rules = ("{kind: route, match: '**', topic: logs.x}", "{kind: route, match: '**', topic: logs.x, format: json}")
    assert findings(HEAD + f"    live: [{', '.join(rules)}]\n    lines: [x]\n") == [
        "a.yaml:3: tests[0].live: live rule route-2 is left out: logs.x holds avro values, and it asks for json"
        " (change it, or the settings that it contradicts)"
    ]
