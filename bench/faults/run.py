"""One scenario, from the first line to the verdict."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, Final

from obstore.exceptions import BaseError

from bench.faults.judge import Archive, Judgement, Written, documents, judge
from bench.faults.scenario import Fault, Scenario, Writer
from bench.faults.site import STAGES, Site
from deploy.audit.run import Audit, Wish, audit
from schemas.errors import LogferryError

WARM_SECS: Final = 180.0
"""Longest wait for the first documents: everything works before something fails."""
BETWEEN_SECS: Final = 2.0
"""Of load between two faults, and after the last."""
QUIET_SECS: Final = 120.0
"""When nothing has changed for so long, nothing more will come: longer than a request and its repetition."""
SETTLE_SECS: Final = 60.0
"""Longest wait for a ledger to which nothing is on its way any more."""
POLL_SECS: Final = 1.0

Say = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """What one scenario came to."""

    scenario: str
    sent: int = 0
    missing: int = 0
    """Lines; what lacks in Elasticsearch and in the archive counts twice."""
    doubled: int = 0
    altered: int = 0
    recovery_secs: float | None = None
    """From the end of the last fault until every line that was written before it can be searched; None: never."""
    balances: bool | None = None
    """Whether the ledger accounts for everything and agrees with what is there; None: the run broke off before."""
    note: str = ""
    """What else is worth knowing, and what went wrong first."""
    is_left_out: bool = False
    """It cannot be done here; the note says why."""

    @property
    def is_clean(self) -> bool:
        """Nothing missing, doubled or altered, all recovered, and the ledger does not object."""
        wrong = self.missing or self.doubled or self.altered or self.balances is False or self.recovery_secs is None
        return self.is_left_out or not wrong

    def as_row(self) -> dict[str, Any]:
        """For a table or JSON."""
        return {name: value for name, value in asdict(self).items() if name != "is_left_out"}


@dataclass
class _Course:
    """How far a run has come."""

    writers: list[Writer]
    healed_at: float = 0.0
    healed_ns: int = 0
    before: int = 0
    """Lines written when the last fault ended."""


def run(scenario: Scenario, site: Site, say: Say = lambda _: None) -> Row:
    """Write, disturb, heal, wait until nothing more comes, judge."""
    course = _Course([make(site) for make in scenario.writers])
    site.start(*STAGES)
    for writer in course.writers:
        writer.start()
    try:
        say("waiting for the first documents")
        _warm(site)
        for fault in scenario.faults:
            say(f"{type(fault).__name__} for {fault.secs:g} s")
            _happen(fault, site)
        course.healed_at, course.healed_ns = time.monotonic(), time.time_ns()
        course.before = sum(sum(writer.written().values()) for writer in course.writers)
        site.hold(BETWEEN_SECS)
    finally:
        for writer in course.writers:
            writer.stop()
    say("recovering")
    return _judged(scenario, site, course, say)


def _warm(site: Site) -> None:
    until = time.monotonic() + WARM_SECS
    archive = Archive(site)
    while site.count() < 1 or archive.count() < 1:
        if time.monotonic() > until:
            raise AssertionError(f"nothing arrived within {WARM_SECS:.0f} s\n{site.pipeline.tails()}")
        site.hold(POLL_SECS)


def _happen(fault: Fault, site: Site) -> None:
    try:
        fault.begin(site)
        site.hold(fault.secs)
    finally:
        fault.end(site)
    site.hold(BETWEEN_SECS)


def _judged(scenario: Scenario, site: Site, course: _Course, say: Say) -> Row:
    written = Written.by(course.writers)
    recovery = _recovered(site, course, written)
    archive = Archive(site)
    judgement = _settled(site, archive, written)
    say("asking the ledger")
    ends = [*_ended(site, "produce"), *_settle(site), *_ended(site, "stream"), *_ended(site, "")]
    balances, problems = balance(site, lost := sum(map(len, written.unavoidable.values())))
    objections, notes = _said_by(course.writers)
    ended = [f"{stage} ended {times} times" for stage, times in sorted(site.ended.items())]
    unavoidable = [f"{lost} lines nobody could have read"] if lost else []
    return Row(
        scenario=scenario.name,
        sent=written.total,
        missing=judgement.missing,
        doubled=judgement.doubled,
        altered=judgement.altered,
        recovery_secs=recovery,
        balances=balances and not objections,
        note="; ".join([*unavoidable, *notes, *ended, *ends, *judgement.examples, *objections[:4], *problems]),
    )


def _said_by(writers: list[Writer]) -> tuple[list[str], list[str]]:
    """Where the ledger names other lines as lost than a writer does, and what else writers have to say: some do."""
    objections = [said for writer in writers for said in getattr(writer, "objections", list)()]
    return objections, [writer.note() for writer in writers if hasattr(writer, "note")]


def _recovered(site: Site, course: _Course, written: Written) -> float | None:
    """Seconds; None when what was written before does not come.

    Times of lines may lie (a clock that jumps): all lines will do as well.
    """
    before = course.before - (written.total - written.expected)

    def is_there(_: object) -> bool:
        return site.count(course.healed_ns) >= before or site.count() >= written.expected

    if _until(site, site.count, is_there):
        return round(time.monotonic() - course.healed_at, 1)
    return None


def _settled(site: Site, archive: Archive, written: Written) -> Judgement:
    """The judgement when all is there, or nothing more has come for a while."""

    def look() -> tuple[int, int]:
        with suppress(BaseError, OSError):
            return site.count(), archive.count()
        return -1, -1

    def is_there(counts: tuple[int, int]) -> bool:
        return min(counts) >= written.expected

    _until(site, look, is_there)
    judgement = judge(written, documents(site), archive.records())
    if not judgement.is_clean and is_there(look()):  # what came in its place hides what still has to come
        _until(site, look, lambda _: False)
        judgement = judge(written, documents(site), archive.records())
    return judgement


def _until(site: Site, look: Callable[[], Any], good: Callable[[Any], bool]) -> bool:
    """Wait for something; False when what is looked at has not changed for `QUIET_SECS`."""
    last, since = look(), time.monotonic()
    while not good(last):
        site.hold(POLL_SECS)
        if (now := look()) != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > QUIET_SECS:
            return False
    return True


def _settle(site: Site) -> list[str]:
    """Wait until nothing that the ledger knows of is on its way, with all but the producer at work; what hindered."""
    until, hindrance = time.monotonic() + SETTLE_SECS, ""
    while time.monotonic() < until:
        try:
            if audit(site.settings).is_settled:
                return []
            hindrance = ""
        except LogferryError as error:
            hindrance = f"audit: {error}"
        site.hold(POLL_SECS)
    return [hindrance] if hindrance else []


def _ended(site: Site, kind: str) -> list[str]:
    """End all stages whose name begins so; what was odd. Called for each after what it reads from."""
    stages = [stage for stage in site.pipeline.processes if stage.startswith(kind)]
    try:
        site.terminate(*stages)
    except AssertionError as error:
        return [str(error)]
    return []


def balance(site: Site, lost: int) -> tuple[bool, list[str]]:
    """Whether the ledger balances and agrees with the destinations, and if not, why."""
    try:
        return _said(audit(site.settings, Wish(verify=True)), lost)
    except LogferryError as error:
        return False, [f"audit: {error}"]


def _said(found: Audit, lost: int) -> tuple[bool, list[str]]:
    """``lost``: lines that nobody could have read; the ledger has to know of some if there are any, and only then."""
    problems = [f"ledger: {each.kind} {each.where}: {each.message}" for each in found.problems]
    told = [] if found.is_settled else [f"ledger: still pending: {found.pending}"]
    if bool(lost) != bool(found.lost):
        told.append(f"ledger: {len(found.lost)} ranges are lost: {found.lost[:2]}")
    counted = [f"{len(problems)} problems"] * bool(problems)
    return found.balances and not told, [*counted, *problems[:4], *told]


def left_out(scenario: Scenario, why: str) -> Row:
    """The row of a scenario that cannot be done here."""
    return Row(scenario.name, note=why, is_left_out=True)
