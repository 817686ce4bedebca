"""What an index holds is read from its name, exactly or not at all."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.identity import index_name
from schemas.index_period import Period, period_days, period_of

PATTERNS = ["logstash-%Y.%m.%d", "a-%Y%m%d", "%d-%m-%Y", "w-%G.%V", "m-%Y.%m", "d-%G-%V-%u", "x-%Y.%m.%d-%Y"]
NANOS = 1_000_000_000


@pytest.mark.parametrize(
    ("pattern", "name", "first", "until"),
    [
        ("logstash-%Y.%m.%d", "logstash-2026.11.21", date(2026, 11, 21), date(2026, 11, 22)),
        ("logstash-%Y.%m.%d", "logstash-1970.01.01", date(1970, 1, 1), date(1970, 1, 2)),
        ("logstash-%Y.%m.%d", "logstash-2100.12.31", date(2100, 12, 31), date(2101, 1, 1)),
        ("logs-%G.%V", "logs-2026.47", date(2026, 11, 16), date(2026, 11, 23)),
        ("logs-%G.%V", "logs-2026.53", date(2026, 12, 28), date(2027, 1, 4)),
        ("logs-%Y-%m", "logs-2026-12", date(2026, 12, 1), date(2027, 1, 1)),
        ("logs-%Y-%m", "logs-2028-02", date(2028, 2, 1), date(2028, 3, 1)),
    ],
)
def test_a_name_says_its_days(pattern, name, first, until):
    assert period_of(pattern, name) == Period(first, until)


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("logstash-%Y.%m.%d", "logstash-2026.11.21-new"),
        ("logstash-%Y.%m.%d", "my-logstash-2026.11.21"),
        ("logstash-%Y.%m.%d", "logstash-2026.11.31"),
        ("logstash-%Y.%m.%d", "logstash-2026.1.21"),
        ("logstash-%Y.%m.%d", "logstash-2026x11x21"),
        ("logstash-%Y.%m.%d", "logstash-٢٠٢٦.11.21"),
        ("logstash-%Y.%m.%d", "logstash-2026.11.21\n"),
        ("logstash-%Y.%m.%d", "logstash-0000.01.01"),
        ("x-%Y.%m.%d-%Y", "x-2026.11.21-2025"),
        ("logs-%G.%V", "logs-2025.53"),
        ("logs-%G.%V", "logs-2026.00"),
        ("logs-%Y-%m", "logs-9999-12"),
        ("logs", "logs"),
    ],
)
def test_what_the_pattern_does_not_make_is_of_no_period(pattern, name):
    assert period_of(pattern, name) is None


@pytest.mark.parametrize(
    ("pattern", "days"),
    [
        ("logstash-%Y.%m.%d", 1),
        ("%G.%V.%u", 1),
        ("%G.%V", 7),
        ("%Y.%m", 31),
        ("logs", None),
        ("%Y", None),
        ("%m.%d", None),
        ("%y%m%d", None),
        ("%Y.%V", None),
        ("%Y.%m.%d.%u", None),
    ],
)
def test_only_days_weeks_and_months_that_are_certain_are_periods(pattern, days):
    assert period_days(pattern) == days


@given(st.sampled_from(PATTERNS), st.integers(-(2**63), 2**63 - 1))
def test_every_record_is_in_the_period_of_its_index(pattern, timestamp):
    name = index_name(pattern, timestamp)
    day = datetime.fromtimestamp(timestamp // NANOS, UTC).date()
    found = period_of(pattern, name)
    if day.year >= 1000:  # before that strftime leaves zeros out
        assert found is not None
        assert found.first <= day < found.until
        assert (found.until - found.first).days <= (period_days(pattern) or 0)


@given(st.sampled_from(PATTERNS), st.text(alphabet="logsthaw-mdx.%0123456789\n", max_size=24))
def test_a_name_of_a_period_is_the_name_that_its_first_day_makes(pattern, name):
    found = period_of(pattern, name)
    if found is not None:
        begins = int(datetime(found.first.year, found.first.month, found.first.day, tzinfo=UTC).timestamp())
        assert index_name(pattern, begins * NANOS) == name
