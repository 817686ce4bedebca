"""What the ledger is told of letters that were sent again."""

from __future__ import annotations

from typing import Any

from deploy.dead_letters.core.entries import Value, entry_of, is_redrive, outcomes_of, run_name
from deploy.dead_letters.core.origin import Origins
from deploy.dead_letters.core.ways import want_of_chunk
from streams.core.work import Work
from tests.deploy.dead_letters.letters import of_stream
from tests.schemas.examples import example

LIFE = b"lifelife"
PAYLOAD = b"one\ntwo\nthree\n"
RECORD = Value("logs.app", 104, "")
LETTER = Value("logs.dead-letter", 104, "unreadable_framing")
RUN = run_name(1_700_000_000_000_000_000)


def entry(*values: Value, outcomes: dict[str, int] | None = None, framing: str = "cri", **letter: Any) -> Any:
    found = example("raw_chunk")
    chunk = {**found, "source": {**found["source"], "framing": framing}, "incarnation": LIFE, "offset": 100}
    chunk |= {"payload": PAYLOAD, "ended": True}
    work: Any = Work(
        3, 42, "key", chunk["source"], "/var/log/a.log", LIFE, 7, None, None, None, print,  # type: ignore[arg-type]
        start=100, end=100 + len(PAYLOAD), ended=True, lines=3, routed=2,
    )  # fmt: skip
    work.outcomes.update(outcomes or {})
    about = {"incarnation": LIFE.hex(), "offset": 104, "original": b"two", "topic": "logs.raw"} | letter
    of = of_stream(**about)
    return entry_of(want_of_chunk(of, Origins().of(of), chunk), values, work, RUN, 9)


def of(told: Any, *names: str) -> list[Any]:
    return [told[name] for name in names]


def test_a_line_is_told_with_its_range_and_the_place_of_its_chunk() -> None:
    told = entry(RECORD)
    assert of(told, "incarnation", "stage", "start", "end", "lines") == [LIFE.hex(), "stream", 104, 107, 1]
    assert of(told, "topic", "partition", "topic_offset", "run") == ["logs.raw", 3, 42, RUN]
    assert of(told, "outcomes", "ended", "written_at") == [{"routed": 1, "routed/logs.app": 1}, False, 9]


def test_a_range_does_not_reach_beyond_its_chunk() -> None:
    assert of(entry(RECORD, offset=108, original=b"three and what was joined to it"), "start", "end") == [108, 114]
    assert of(entry(RECORD, offset=103, original=b""), "start", "end") == [103, 104]


def test_a_line_that_fails_again_is_a_dead_letter_again() -> None:
    assert entry(LETTER)["outcomes"] == {"dead_letter/unreadable_framing": 1}


def test_records_in_several_topics_and_several_records_of_a_line_are_told_apart() -> None:
    other = Value("logs.other", 104, "")
    assert outcomes_of([RECORD, other]) == {
        "routed": 1, "routed/logs.app": 1, "routed/logs.other": 1, "together/logs.app+logs.other": 1,
    }  # fmt: skip
    assert outcomes_of([RECORD, Value("logs.app", 105, "")]) == {"routed": 1, "routed/logs.app": 2}
    assert outcomes_of([RECORD, RECORD, LETTER]) == {"routed": 1, "routed/logs.app": 1}


def test_a_chunk_that_can_be_decoded_now_is_told_as_a_whole() -> None:
    outcomes = {"routed/logs.app": 2, "dropped/severity": 1}
    told = entry(RECORD, outcomes=outcomes, reason="unreadable_chunk", incarnation=None, offset=None)
    assert of(told, "start", "end", "lines", "outcomes") == [100, 114, 3, outcomes | {"routed": 2}]


def test_a_chunk_of_an_unknown_framing_keeps_the_range_that_was_told_before() -> None:
    told = entry(RECORD, outcomes={"routed/logs.app": 3}, reason="unsupported_framing", offset=100, framing="journald")
    assert of(told, "start", "end", "lines") == [100, 100 + len(PAYLOAD), 3]


def test_a_redrive_is_known_by_the_name_of_its_run() -> None:
    assert RUN == "redrive-20231114T221320.000Z"
    assert [is_redrive(each) for each in (RUN, "replay-1", "", None)] == [True, False, False, False]
