"""The export format, units, selection and gaps of the journal: pure decisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.core.journald.export import Cursor, cut_to, export_entry, parse_cursor, tag_of_unit, unit_of
from producers.core.journald.gaps import Missing, hole, leaves_doubt
from producers.core.journald.select import Selection
from schemas.settings import InvalidSettingsError, parse_settings
from tests.producers.journal import read_export


def cursor(
    seqnum: int = 26, *, seqnum_id: str = "5" * 32, realtime: int = 1_763_000_000_000_000, x: str = "c"
) -> Cursor:
    parsed = parse_cursor(f"s={seqnum_id};i={seqnum:x};b={'b' * 32};m=1f4;t={realtime:x};x={x}")
    assert parsed is not None
    return parsed


names = st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True).map(str.encode)
values = st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode))
named_values = st.lists(st.tuples(names, values), max_size=12)


@given(named_values)
def test_any_fields_come_back_from_the_export_format_in_order_and_repeated(fields: list[tuple[bytes, bytes]]):
    (exported,) = read_export(export_entry(cursor(), [name + b"=" + value for name, value in fields]))
    assert list(exported.fields[6:]) == fields


@given(st.lists(named_values, max_size=5))
def test_entries_one_after_another_stay_apart(entries: list[list[tuple[bytes, bytes]]]):
    payload = b"".join(export_entry(cursor(), [b"=".join(field) for field in entry]) for entry in entries)
    assert [list(each.fields[6:]) for each in read_export(payload)] == entries


def test_an_exported_entry_is_written_as_journalctl_writes_it():
    fields = [b"_BOOT_ID=" + b"b" * 32, b"MESSAGE=two\nlines", b"TAG=one", b"TAG=t\xc3\xa4g", b"RAW=\xff"]
    assert export_entry(cursor(), fields) == (
        b"__CURSOR=s=55555555555555555555555555555555;i=1a;b=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb;m=1f4;t=643709e5f3000;x=c\n"
        b"__REALTIME_TIMESTAMP=1763000000000000\n__MONOTONIC_TIMESTAMP=500\n__SEQNUM=26\n"
        b"__SEQNUM_ID=55555555555555555555555555555555\n_BOOT_ID=bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n"
        b"MESSAGE\n\x09\0\0\0\0\0\0\0two\nlines\nTAG=one\nTAG=t\xc3\xa4g\nRAW\n\x01\0\0\0\0\0\0\0\xff\n\n"
    ).replace(b"643709e5f3000", f"{1_763_000_000_000_000:x}".encode())


@given(st.text(max_size=80))
def test_any_text_is_a_cursor_or_none(text: str):
    parsed = parse_cursor(text)
    assert parsed is None or parsed.text == text


@given(named_values, st.integers(0, 400))
def test_a_cut_entry_keeps_its_names_and_has_at_most_the_length_allowed(fields: list[tuple[bytes, bytes]], limit: int):
    whole = [b"=".join(field) for field in fields]
    kept, cut = cut_to(whole, limit)
    names_alone = sum(len(name) + 1 for name, _ in fields)
    assert sum(map(len, kept)) <= max(limit, names_alone)
    assert all(before.startswith(after) for before, after in zip(whole, kept, strict=True))
    assert bool(cut) == (kept != whole)


def test_the_longest_field_is_cut_first():
    assert cut_to([b"MESSAGE=short", b"COREDUMP=" + b"x" * 100], 50) == (
        [b"MESSAGE=short", b"COREDUMP=" + b"x" * 28],
        ["COREDUMP"],
    )


@pytest.mark.parametrize(
    ("fields", "unit"),
    [
        ({b"_SYSTEMD_UNIT": b"kubelet.service", b"UNIT": b"forged.service"}, "kubelet.service"),
        ({b"_SYSTEMD_UNIT": b"init.scope", b"UNIT": b"kubelet.service"}, "kubelet.service"),
        ({b"_SYSTEMD_UNIT": b"init.scope"}, "init.scope"),
        ({b"_SYSTEMD_UNIT": b"systemd-coredump@3-12-0.service", b"COREDUMP_UNIT": b"a.service"}, "a.service"),
        ({b"_TRANSPORT": b"kernel"}, "kernel"),
        ({b"_TRANSPORT": b"audit"}, "audit"),
        ({b"_TRANSPORT": b"syslog"}, "journal"),
        ({b"_SYSTEMD_UNIT": b"\xff\n"}, "journal"),
        ({}, "journal"),
    ],
)
def test_an_entry_belongs_to_the_unit_that_cannot_be_forged(fields: dict[bytes, bytes], unit: str):
    assert unit_of(fields.get) == unit


@pytest.mark.parametrize(
    ("unit", "tag"),
    [("kubelet.service", "host.kubelet"), ("docker-1.scope", "host.docker-1.scope"), ("kernel", "host.kernel")],
)
def test_the_tag_of_a_unit_is_its_name_without_service(unit: str, tag: str):
    assert tag_of_unit(unit) == tag


@pytest.mark.parametrize(
    ("units", "exclude", "unit", "taken"),
    [
        ((), (), "any.service", True),
        (("kubelet",), (), "kubelet.service", True),
        (("kubelet.service",), (), "kubelet.service", True),
        (("kubelet",), (), "kubelet.socket", False),
        (("kube*", "crio"), (), "kube-proxy.service", True),
        ((), ("logferry*",), "logferry-producer.service", False),
        (("*",), ("kernel",), "kernel", False),
    ],
)
def test_units_are_taken_by_globs(units: tuple[str, ...], exclude: tuple[str, ...], unit: str, taken: bool):
    selection = Selection(units=units, exclude_units=exclude)
    assert [selection.takes_unit(unit), selection.takes_unit(unit)] == [taken, taken]


@pytest.mark.parametrize(
    ("selection", "fields", "taken"),
    [
        (Selection(max_priority="warning"), [b"PRIORITY=4"], True),
        (Selection(max_priority="warning"), [b"PRIORITY=5"], False),
        (Selection(max_priority="warning"), [b"MESSAGE=no priority"], True),
        (Selection(identifiers=["kube*"]), [b"SYSLOG_IDENTIFIER=kubelet"], True),
        (Selection(identifiers=["kube*"]), [b"SYSLOG_IDENTIFIER=sshd"], False),
        (Selection(identifiers=["kube*"]), [b"MESSAGE=none"], False),
        (Selection(matches=["A=1", "A=2", "B=3"]), [b"A=0", b"A=2", b"B=3"], True),
        (Selection(matches=["A=1", "A=2", "B=3"]), [b"A=1", b"B=4"], False),
    ],
)
def test_entries_are_taken_by_priority_identifier_and_matches(selection: Selection, fields: list[bytes], taken: bool):
    assert selection.takes(fields) == taken


def test_what_is_missing_ends_before_the_first_number_that_is_there_again():
    missing = Missing.between(cursor(26), cursor(40))
    assert (missing.start, missing.end, missing.is_nothing) == (27, 40, False)


def test_nothing_is_missing_when_the_next_number_follows():
    assert Missing.between(cursor(26), cursor(27)).is_nothing


def test_nobody_knows_what_is_missing_when_a_numbering_does_not_go_on():
    missing = Missing.unknown(cursor(26), cursor(3, seqnum_id="6" * 32))
    assert (missing.start, missing.end, missing.next_seqnum_id, missing.is_nothing) == (27, 27, b"\x66" * 16, False)


def test_a_hole_is_a_number_missing_within_one_numbering():
    assert [hole(cursor(26), cursor(number)) for number in (27, 28, 40)] == [0, 1, 13]
    assert hole(cursor(26), cursor(28, seqnum_id="6" * 32)) == 0


def test_only_a_young_entry_behind_a_missing_number_leaves_doubt():
    at = 1_763_000_000
    young, old = at * 1_000_000 - 900_000, at * 1_000_000 - 1_100_000
    doubts = [leaves_doubt(cursor(1), cursor(number, realtime=when), at) for number in (2, 3) for when in (young, old)]
    assert doubts == [False, False, True, False]


@pytest.mark.parametrize(
    ("settings", "key", "problem"),
    [
        ("matches: [_PID]", "inputs.system.matches[0]", "'_PID' is not FIELD=value"),
        ("path: /var/log/journal, namespace: web", "inputs.system", "path and namespace exclude each other"),
        ("max_priority: warn", "inputs.system.max_priority", "'warn'"),
    ],
)
def test_a_mistake_in_the_settings_is_named(settings: str, key: str, problem: str):
    with pytest.raises(InvalidSettingsError) as caught:
        parse_settings(f"inputs:\n  system: {{type: journald, {settings}}}\n", "logferry.yaml", {})
    (finding,) = caught.value.findings
    assert (finding.key, problem in finding.problem) == (key, True)
