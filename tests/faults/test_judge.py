"""The judge of the fault suite finds what it is there to find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from bench.faults.judge import Judgement, Written, judge
from bench.faults.run import Row
from deploy.demo.lines import Lines, Profile

LINES = Lines(Profile())
WRITTEN = Written({"load-00": 40, "load-01": 30}, {})


def found(written: Written = WRITTEN) -> dict[str, str]:
    """Id and line of all that was written."""
    return {
        f"{source}/{number}": LINES.content(source, number).decode()
        for source, count in written.lines.items()
        for number in range(count)
    }


def counts(judgement: Judgement) -> tuple[int, int, int]:
    return judgement.missing, judgement.doubled, judgement.altered


def without(lines: Mapping[str, str], *ids: str) -> dict[str, str]:
    return {id_: line for id_, line in lines.items() if id_ not in ids}


def test_what_arrived_as_it_was_written_is_clean() -> None:
    judgement = judge(WRITTEN, found().items(), found().items())
    assert (judgement, judgement.is_clean) == (Judgement(), True)


def test_a_lost_chunk_is_missing_line_by_line_in_the_destination_that_lacks_it() -> None:
    lost = [f"load-01/{number}" for number in range(7, 12)]
    judgement = judge(WRITTEN, found().items(), without(found(), *lost).items())
    assert (counts(judgement), judgement.examples) == ((5, 0, 0), ["archive: missing: load-01 7-11"])
    judgement = judge(WRITTEN, without(found(), *lost).items(), without(found(), *lost).items())
    assert (counts(judgement), judgement.is_clean) == ((10, 0, 0), False)


def test_lines_that_nobody_could_have_read_are_not_missing_and_others_still_are() -> None:
    written = replace(WRITTEN, unavoidable={"load-01": {7, 8}})
    there = without(found(), "load-01/7", "load-01/8", "load-01/9").items()
    assert (counts(judge(written, there, there)), written.expected) == ((2, 0, 0), 68)


def test_a_line_under_another_id_is_doubled_wherever_it_is() -> None:
    doubled = found() | {"other": found()["load-00/3"]}
    assert counts(judge(WRITTEN, doubled.items(), found().items())) == (0, 1, 0)
    assert counts(judge(WRITTEN, found().items(), doubled.items())) == (0, 1, 0)


def test_a_line_again_under_its_id_is_doubled_in_elasticsearch_and_harmless_in_the_archive() -> None:
    again = [*found().items(), ("load-00/3", found()["load-00/3"])]
    assert counts(judge(WRITTEN, again, found().items())) == (0, 1, 0)
    assert counts(judge(WRITTEN, found().items(), again)) == (0, 0, 0)


def test_an_altered_line_is_altered_and_has_not_arrived() -> None:
    altered = found() | {"load-00/3": found()["load-00/3"].replace("request_id", "request_ix")}
    assert counts(judge(WRITTEN, altered.items(), found().items())) == (1, 0, 1)


def test_a_line_that_nobody_wrote_is_altered() -> None:
    assert counts(judge(WRITTEN, (found() | {"x": "hello"}).items(), found().items())) == (0, 0, 1)


class Told:
    """A writer that has written."""

    def __init__(self, *sources: str) -> None:
        self.sources = sources

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def written(self) -> dict[str, int]:
        return dict.fromkeys(self.sources, 10)

    def unavoidable(self) -> dict[str, set[int]]:
        return {self.sources[0]: {0, 1}}


def test_beside_a_noisy_writer_strange_lines_are_nothing_and_its_own_are_judged_as_ever() -> None:
    noisy = replace(WRITTEN, is_noisy=True)
    strange = found() | {"x": "hello"}
    assert judge(noisy, strange.items(), strange.items()).is_clean
    altered = strange | {"load-00/3": found()["load-00/3"].replace("request_id", "request_ix")}
    assert counts(judge(noisy, altered.items(), strange.items())) == (1, 0, 1)


def test_writers_count_together_and_may_not_share_a_name() -> None:
    written = Written.by([Told("a", "b"), Told("c")])
    assert (written.total, written.expected) == (30, 26)
    with pytest.raises(ValueError, match="source a"):
        Written.by([Told("a"), Told("a", "c")])


def rows() -> Iterator[Row]:
    clean = Row("one", sent=10, recovery_secs=1.0, balances=True)
    yield from (replace(clean, missing=1), replace(clean, doubled=1), replace(clean, altered=1))
    yield from (replace(clean, recovery_secs=None), replace(clean, balances=False))


def test_a_row_is_clean_only_if_nothing_at_all_is_wrong() -> None:
    clean = Row("one", sent=10, recovery_secs=0.0, balances=True)
    assert clean.is_clean
    assert [row for row in rows() if row.is_clean] == []
    assert Row("one", is_left_out=True, note="needs root").is_clean
