"""Of which records a destination has no document."""

from deploy.audit.core.refused import Refusals
from deploy.dead_letters.core.letter import Found, Letter, Mark
from deploy.dead_letters.core.origin import Origins
from schemas.identity import record_id
from tests.deploy.dead_letters.letters import of_sink, of_stream

LIFE = b"lifelife"


def refused(number: int, position: int, stage: str = "sink/search") -> Letter:
    headers = {"id": record_id(LIFE, position).encode()}
    return of_sink(b'{"a": 1}', number=number, stage=stage, headers=headers)


def unread(number: int, position: int) -> Letter:
    return of_stream(number=number, incarnation=LIFE.hex(), offset=position)


def again(*offsets: int) -> Mark:
    return Mark(0, frozenset(offsets))


def positions(*found: Found) -> list[int]:
    refusals = Refusals({"sink/search", "sink/other"}, Origins().of)
    refusals.take(found)
    told = refusals.positions()
    assert told.keys() <= {LIFE.hex()}
    return sorted(told.get(LIFE.hex(), ()))


def test_a_refused_record_is_not_expected_until_it_is_sent_again() -> None:
    assert positions(refused(0, 100), refused(1, 200)) == [100, 200]
    assert positions(refused(0, 100), refused(1, 200), again(0)) == [200]
    assert positions(again(0), refused(0, 100)) == []


def test_a_record_that_was_refused_twice_counts_once() -> None:
    assert positions(refused(0, 100), again(0), refused(2, 100)) == [100]
    assert positions(refused(0, 100), refused(1, 100, "sink/other")) == [100]
    assert positions(refused(0, 100), again(0), refused(2, 100), again(2)) == []


def test_what_other_sinks_refused_is_expected() -> None:
    assert positions(refused(0, 100, "sink/elsewhere")) == []


def test_a_refused_record_that_nobody_could_read_again_is_not_expected() -> None:
    assert positions(refused(0, 100), again(0), unread(2, 100)) == [100]
    assert positions(refused(0, 100), again(0), unread(2, 100), again(2)) == []


def test_a_line_that_never_became_a_record_is_nobodys_refusal() -> None:
    assert positions(unread(0, 100), refused(1, 200)) == [200]
