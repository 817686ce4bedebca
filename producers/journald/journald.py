"""Input ``journald``: the systemd journal, for kubelet, container runtime, kernel and every other unit.

::

    inputs:
      system: {type: journald, units: [kubelet, containerd, kernel]}

Each unit is a source of its own: its entries keep their order under one Kafka key, a busy unit fills one partition and
not the node's whole journal, and the tag (``host.kubelet``) is known before an entry is looked at.

Delivery: every entry at least once; the journal is the buffer. The cursor saved is that of the last entry before which
Kafka has everything, and an entry's id is made of its sequence-number id and its sequence number, so what is read again
after a crash is recognised. One case is not: journald numbers entries anew when it moves them from /run to /var at the
start of the machine, and a producer that was killed just then ships up to a few blocks under both numbers.
Entries that were vacuumed before they were read are reported as a range of sequence numbers.

libsystemd blocks, so it lives in a thread of its own; the loop ships what that thread read.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from producers.chunk import Chunk, Loss, Source, source_of
from producers.core.journald.export import parse_cursor, tag_of_unit
from producers.core.journald.gaps import Missing
from producers.core.journald.select import Selection
from producers.journald import libsystemd
from producers.journald.block import Block, Parcel
from producers.journald.reader import EMPTY, JournalReader, Limits
from runtime.frontier import Frontier
from schemas.identity import incarnation, source_id

if TYPE_CHECKING:
    from producers.intake import Intake
    from schemas.settings.inputs.journald import JournaldInput

_log = logging.getLogger(__name__)

KIND: Final = "journald"
RETRY_SECS: Final = 3.0
"""How long to wait when the journal cannot be opened or read: a folder that is not there yet, for one."""

_REMEMBERED_SOURCES: Final = 1024

Result = TypeVar("Result")


class Journald:
    """One entry of `inputs`; a `producers.intake.NetworkInput`, though it asks and does not listen."""

    def __init__(self, name: str, settings: JournaldInput, node: str) -> None:
        self._name, self._settings, self._node = name, settings, node
        self._place = settings.path or (f"journal.{settings.namespace}" if settings.namespace else "journal")
        self._key = f"journald/{name}"
        selection = Selection(
            units=settings.units,
            exclude_units=settings.exclude_units,
            identifiers=settings.identifiers,
            max_priority=settings.max_priority,
            matches=settings.matches,
        )
        limits = Limits(settings.chunk_max_bytes, settings.entry_max_bytes)
        self._reader = JournalReader(settings.path, settings.namespace, selection, limits)
        self._sources: dict[str, Source] = {}
        self._thread: ThreadPoolExecutor | None = None
        self._task: asyncio.Task[None] | None = None
        self._frontier: Frontier[str] = Frontier()
        self._blocks = 0
        self._settling: set[asyncio.Task[None]] = set()
        self._progress = asyncio.Event()
        self._position: str | None = None
        """Position of the last block taken; what follows it is read next."""
        self.busy_since: float | None = None
        self._complaint = ""
        self._told_of_holes = False

    async def start(self, intake: Intake) -> None:
        """Begin to read. Raises SettingsError when there is no libsystemd."""
        libsystemd.require()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"journald-{self._name}")
        self._task = asyncio.create_task(self._run(intake), name=self._key)

    async def stop(self) -> None:
        """Read nothing more; return when Kafka has what was being shipped, or its shipping was cancelled."""
        if self._task is None or self._thread is None:
            return
        self._task.cancel()
        self._reader.wake()
        await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*self._settling, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._reader.close)
        self._thread.shutdown()
        self._task = None

    def addresses(self) -> list[str]:
        """None: it does not listen."""
        return []

    async def _run(self, intake: Intake) -> None:
        self._position = self._saved_position(intake)
        while True:
            try:
                await self._open(intake)
                while True:
                    block = await self._in_thread(self._reader.read)
                    await self._ship_block(intake, block)
                    if not block.more:
                        secs = self._settings.poll_interval_secs
                        await self._in_thread(partial(self._reader.wait, secs), secs)
            except OSError as error:
                self._complain(intake, error)
                await asyncio.sleep(RETRY_SECS)

    async def _in_thread(self, call: Callable[[], Result], allowed_secs: float = 0.0) -> Result:
        self.busy_since = time.monotonic() + allowed_secs
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        finally:
            self.busy_since = None

    def _saved_position(self, intake: Intake) -> str | None:
        position = intake.position(self._key)
        if position is not None and position != EMPTY and parse_cursor(position) is None:
            _log.warning("input %s: %r is no position in a journal; all of it is read again", self._name, position)
            return EMPTY
        return position

    async def _open(self, intake: Intake) -> None:
        """Open behind the last block that was taken; at the first time ever, where the settings say."""
        fresh = self._position is None
        self._position = await self._in_thread(partial(self._reader.open, self._position, self._settings.start_at))
        if fresh and self._position is not None:
            intake.advance(self._key, self._position)
        if self._complaint:
            _log.warning("input %s: the journal can be read again", self._name)
            self._complaint = ""

    def _complain(self, intake: Intake, error: OSError) -> None:
        intake.count("logferry_producer_errors_total", 1, "journal")
        said = f"{self._place}: {error.strerror}"
        if said != self._complaint:
            self._complaint = said
            _log.warning("input %s: cannot read %s; trying again every %.0f s", self._name, said, RETRY_SECS)

    async def _ship_block(self, intake: Intake, block: Block) -> None:
        """Send what a block holds, in order; its position counts when it and all before it are kept."""
        self._report(intake, block)
        if block.position is None:
            return
        while len(self._frontier) >= self._settings.blocks_in_flight:
            self._progress.clear()
            await self._progress.wait()
        self._blocks += 1
        self._position = block.position
        self._frontier.begin(self._blocks, block.position)
        shipping = []
        for parcel in block.parcels.values():
            await intake.room()
            shipping.append(asyncio.ensure_future(intake.ship(self._chunk(parcel))))
            await asyncio.sleep(0)  # so that it is counted in before room is asked for again
        settling = asyncio.create_task(self._settle(intake, self._blocks, shipping))
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)

    async def _settle(self, intake: Intake, block: int, shipping: Sequence[asyncio.Future[None]]) -> None:
        await asyncio.gather(*shipping)
        for position in self._frontier.finish(block)[-1:]:
            intake.advance(self._key, position)
        self._progress.set()

    def _report(self, intake: Intake, block: Block) -> None:
        for missing in block.missing:
            if not missing.is_nothing:
                intake.lost(self._loss(missing))
        counts = {
            "journal_hole": block.holes,
            "incomplete_entry": block.incomplete,
            "damaged_journal_file": block.damaged_files,
        }
        for kind, amount in counts.items():
            if amount:
                intake.count("logferry_producer_errors_total", amount, kind)
        if block.incomplete:
            _log.warning("input %s: %d journal entries shipped without a part", self._name, block.incomplete)
        if block.holes and not self._told_of_holes:
            self._told_of_holes = True
            _log.warning(
                "input %s: sequence numbers are missing before %s; journal files may be damaged or not readable "
                "for this user (counted; said once)", self._name, block.position,
            )  # fmt: skip

    def _chunk(self, parcel: Parcel) -> Chunk:
        source = self._source_of_unit(parcel.unit)
        return Chunk(
            source=source,
            path=self._place,
            incarnation=_incarnation(source, parcel.seqnum_id),
            offset=parcel.first_seqnum,
            payload=b"".join(parcel.entries),
            lines=len(parcel.entries),
        )

    def _source_of_unit(self, unit: str) -> Source:
        source = self._sources.get(unit)
        if source is None:
            if len(self._sources) >= _REMEMBERED_SOURCES:
                self._sources.clear()
            source = self._sources[unit] = self._source(tag_of_unit(unit), unit)
        return source

    def _source(self, tag: str, *identity: str) -> Source:
        own_id = source_id(self._node, KIND, self._name, *identity)
        return source_of(own_id, self._node, KIND, KIND, tag=self._settings.tag or tag)

    def _loss(self, missing: Missing) -> Loss:
        """What is gone belongs to units that nobody can know, so to the input's journal as a whole."""
        source = self._source("host.journal")
        following = missing.next_seqnum_id
        return Loss(
            source=source,
            path=self._place,
            incarnation=_incarnation(source, missing.seqnum_id),
            start=missing.start,
            end=missing.end,
            reason="removed",
            open_end=following is not None,
            next_incarnation=_incarnation(source, following) if following is not None else None,
            detail=missing.detail,
            unit="entries",
        )


def _incarnation(source: Source, seqnum_id: bytes) -> bytes:
    """One numbering of one source."""
    return incarnation(source["id"], 0, seqnum_id)
