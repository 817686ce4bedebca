"""Which lines make one record, as the settings and a pod's annotation say it."""

from __future__ import annotations

import pytest

from schemas.settings import InvalidSettingsError, LinePatterns, parse_settings
from schemas.settings.multiline import MultilineMode, parse_annotation


def mode_of(text: str) -> MultilineMode:
    settings = parse_settings(f"multiline:\n  - {{match: '**', mode: {text}}}\n", "logferry.yaml", {})
    return settings.multiline[0].mode


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("auto", "auto"),
        ('"off"', "off"),
        ("off", "off"),
        ("on", "auto"),
        ("[java, python]", ("java", "python")),
        ("java", ("java",)),
        ("{start: '^x'}", LinePatterns(start="^x")),
        ("{start: '^x', end: 'y$'}", LinePatterns(start="^x", end="y$")),
        ("{continuation: '^ '}", LinePatterns(continuation="^ ")),
    ],
)
def test_a_mode_is_a_word_a_list_of_languages_or_patterns(text: str, expected: MultilineMode) -> None:
    assert mode_of(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("jav", "did you mean java?"),
        ("[java, pyhton]", "did you mean python?"),
        ("[]", "mode"),
        ("[auto]", "nobody knows the multiline mode 'auto'"),
        ("{}", "no pattern is given"),
        ("{start: '(?=x)'}", "no expression of RE2"),
        ("{start: '('}", "no expression of RE2"),
        ("{start: ''}", "start"),
        ("{begin: '^x'}", "begin"),
        ("5", "mode"),
    ],
)
def test_a_mistake_in_a_mode_is_told(text: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError) as caught:
        mode_of(text)
    assert said in str(caught.value)


def test_a_record_waits_a_second_unless_a_rule_says_otherwise() -> None:
    text = "multiline: [{match: a.**, mode: auto}, {match: '**', mode: auto, timeout_secs: 3}]"
    assert [rule.timeout_secs for rule in parse_settings(text, "logferry.yaml", {}).multiline] == [1.0, 3.0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("off", "off"),
        (" auto ", "auto"),
        ("java", ("java",)),
        ("python, java", ("java", "python")),
        ("start:^\\d{4}-", LinePatterns(start="^\\d{4}-")),
        ("start: ^a:b", LinePatterns(start="^a:b")),
        ("continuation:^\\s", LinePatterns(continuation="^\\s")),
        ("end:;$", LinePatterns(end=";$")),
        ("", None),
        ("java,", None),
        ("jav", None),
        ("start:", None),
        ("start:(", None),
        ("start:" + "x" * 5000, None),
        ("match:x", None),
        ("start:\ud800", None),
    ],
)
def test_an_annotation_says_a_mode_or_nothing(text: str, expected: MultilineMode | None) -> None:
    assert parse_annotation(text) == expected
