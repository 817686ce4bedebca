"""Severity numbers are OpenTelemetry's, whatever words or numbers the source used."""

import pytest

from schemas.severity import (
    SEVERITIES,
    SEVERITY_BY_BYTES,
    SEVERITY_BY_TEXT,
    bunyan_severity,
    klog_severity,
    minimum_number,
    severity_number,
    severity_text,
    syslog_severity,
)


def test_the_six_plain_names_begin_the_ranges_of_the_data_model():
    names = ("trace", "debug", "info", "warn", "error", "fatal")
    assert [minimum_number(name) for name in names] == [1, 5, 9, 13, 17, 21]


def test_every_number_has_a_short_name_that_leads_back_to_it():
    assert [severity_number(severity_text(number)) for number in range(1, 25)] == list(range(1, 25))
    assert [minimum_number(name) for name in SEVERITIES] == list(range(1, 25))


def test_a_short_name_is_written_in_capitals():
    assert [severity_text(9), severity_text(10), severity_text(24)] == ["INFO", "INFO2", "FATAL4"]


@pytest.mark.parametrize("number", [0, 25, -1, 1000])
def test_what_is_no_severity_has_no_name(number: int):
    assert severity_text(number) == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("warning", 13), ("WARNING", 13), ("Warning", 13), ("wArNiNg", 13), (" warn ", 13), ("err", 17), ("ERR", 17),
        ("crit", 18), ("CRITICAL", 18), ("alert", 19), ("emerg", 21), ("panic", 19), ("dpanic", 18), ("notice", 10),
        ("Information", 9), ("SEVERE", 17), ("FINEST", 1), ("FINER", 5), ("FINE", 6), ("CONFIG", 7), ("verbose", 5),
        ("INFO2", 10), ("fatal4", 24), ("WRN", 13), ("dbg", 5),
    ],
)  # fmt: skip
def test_usual_spellings_are_known(text: str, number: int):
    assert severity_number(text) == number


@pytest.mark.parametrize("text", ["", "warm", "information!", "0", "None", "INFO5", "\x00"])
def test_any_other_word_is_unknown(text: str):
    assert severity_number(text) == 0


def test_the_table_for_bytes_says_the_same_as_the_one_for_text():
    assert {text.decode(): number for text, number in SEVERITY_BY_BYTES.items()} == dict(SEVERITY_BY_TEXT)


def test_syslog_priorities_follow_appendix_b():
    assert [syslog_severity(priority) for priority in range(-1, 9)] == [0, 21, 19, 18, 17, 13, 10, 9, 5, 0]


def test_klog_letters_are_the_first_of_their_words():
    assert [klog_severity(letter) for letter in "DIWEFX"] == [5, 9, 13, 17, 21, 0]


def test_bunyan_and_pino_levels_between_belong_to_the_level_below():
    levels = (9, 10, 20, 30, 35, 40, 50, 60, 69, 70)
    assert [bunyan_severity(level) for level in levels] == [0, 1, 5, 9, 9, 13, 17, 21, 21, 0]
