"""Of a stage's log the last warning and the last lines are known."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deploy.up.journal import LINE_SHOWN, LINES_KEPT, Journal

INFO = b"2026-11-21T03:08:02.241Z INFO sinks.consumer: assigned: logs.raw[0]\n"
WARNING = b"2026-11-21T03:08:03.000Z WARNING runtime.kafka: Kafka client: broker down\n"


def test_the_last_warning_is_kept() -> None:
    journal = Journal()
    journal.feed(INFO + WARNING + INFO)
    assert journal.warning == WARNING.decode().strip()
    assert journal.warnings == 1


def test_the_command_lines_error_is_a_warning_with_its_remedy_among_the_last_lines() -> None:
    journal = Journal()
    journal.feed(b"error: a secret is missing\nwhere: environment variable X\ndo: set it before starting\n")
    assert journal.warning == "error: a secret is missing"
    assert journal.last_lines()[-1] == "do: set it before starting"


def test_a_remark_of_the_kafka_client_about_its_configuration_is_none() -> None:
    journal = Journal()
    journal.feed(b"2026-11-21T03:08:02.241Z WARNING librdkafka: CONFWARN [logferry-stream#producer-3]: x\n")
    assert journal.warning == ""


def test_a_line_may_come_in_pieces() -> None:
    journal = Journal()
    journal.feed(WARNING[:10])
    assert journal.warning == ""
    journal.feed(WARNING[10:])
    assert journal.warnings == 1


def test_a_last_line_without_its_end_is_shown() -> None:
    journal = Journal()
    journal.feed(b"first\nlast")
    assert journal.last_lines() == ["first", "last"]


@given(st.lists(st.binary(max_size=2000), max_size=40))
def test_any_bytes_leave_a_bounded_journal(pieces: list[bytes]) -> None:
    journal = Journal()
    for piece in pieces:
        journal.feed(piece)
    lines = journal.last_lines(100)
    assert len(lines) <= LINES_KEPT + 1
    assert all(len(line) <= LINE_SHOWN for line in lines)
