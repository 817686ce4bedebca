"""The account of a sink: before a position is committed, an entry of the ledger says what became of the records below.

For each partition entries form a chain from the position that the group had committed when the partition came to this
process. An entry is on its way while the loop goes on; when Kafka has it, its end may be committed. So a Kafka that is
slow makes commits late and holds nobody up. A process that is killed in between leaves entries behind the last
commit; whoever reads on there begins a second chain at that position.

The ledger's own topic has no account: each entry about it would be one more record to account for.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from sinks.core.account import Partition, Range, Share, entry, gaps_of, is_due, ranges

if TYPE_CHECKING:
    from sinks.ledger import Ledger

_log = logging.getLogger(__name__)

TOLD_SECS: Final = 3.0
"""How long a process that gives partitions away waits for Kafka to have the last entries."""
ASK_SECS: Final = 2.0
ASK_AGAIN_SECS: Final = 2.0
_NO_ANSWER: Final = KafkaError(KafkaError._TIMED_OUT, "no answer in time")


@dataclass(eq=False)
class _Chain:
    """One partition's account."""

    told: int | None = None
    """Where the next entry begins; None: nobody has asked yet what the group has committed."""
    shares: list[Share] = field(default_factory=list)
    """Answered for and in no entry yet."""
    sources: set[bytes | None] = field(default_factory=set)
    bytes: int = 0
    told_at: float = float("-inf")
    flying: int = 0
    """Entries that Kafka has not acknowledged."""

    def is_due(self, now: float) -> bool:
        return not self.flying and is_due(self.bytes, len(self.sources), now - self.told_at)


class Accounts:
    """Of all partitions of one process."""

    def __init__(self, ledger: Ledger, usual: str, lost: Callable[[int], None]) -> None:
        """``usual``: outcome of a record that nothing else is told of. ``lost`` hears how many records were lost."""
        self._ledger = ledger
        self._usual = usual
        self._lost = lost
        self._chains: dict[Partition, _Chain] = {}
        self._acknowledged: deque[tuple[Partition, _Chain, int]] = deque()
        """By whoever polls, which may be another thread."""
        self._ask_again_at = 0.0

    def covers(self, topic: str) -> bool:
        """Whether records of a topic are accounted for."""
        return topic != self._ledger.topic

    def add(self, partition: Partition, share: Share) -> None:
        """All records of a share, and all before it, are answered for."""
        chain = self._chains.get(partition)
        if chain is None:
            chain = self._chains[partition] = _Chain()
        chain.shares.append(share)
        chain.sources.update(share.keys)
        chain.bytes += share.bytes

    def tell(self, consumer: Consumer, *, now: bool = False) -> dict[Partition, int]:
        """Write entries that are due (``now``: all, and wait for a while). Returns what may be committed.

        Raises FatalError when Kafka refuses an entry.
        """
        moment = time.monotonic()
        ready = {
            partition: chain
            for partition, chain in self._chains.items()
            if chain.shares and (now or chain.is_due(moment))
        }
        if ready and (now or moment >= self._ask_again_at):
            self._write(consumer, ready, moment)
        self._ledger.poll()
        if now and not self._ledger.flush(TOLD_SECS):
            _log.warning("Kafka did not acknowledge the account in time; what it speaks of is read again")
        return self._committable()

    def _committable(self) -> dict[Partition, int]:
        found: dict[Partition, int] = {}
        while self._acknowledged:
            partition, chain, end = self._acknowledged.popleft()
            chain.flying -= 1
            if self._chains.get(partition) is chain:  # else it was revoked meanwhile
                found[partition] = end
        return found

    def forget(self, gone: Collection[Partition]) -> None:
        """Partitions were revoked."""
        for partition in gone:
            self._chains.pop(partition, None)

    def _write(self, consumer: Consumer, ready: Mapping[Partition, _Chain], moment: float) -> None:
        try:
            _find_starts(consumer, ready)
            for partition, chain in ready.items():
                self._write_chain(partition, chain, _low(consumer, partition, chain))
                chain.told_at = moment
        except KafkaException as error:
            self._ask_again_at = time.monotonic() + ASK_AGAIN_SECS
            _log.warning("nothing is committed for now: Kafka does not say where: %s", error.args[0].str())

    def _write_chain(self, partition: Partition, chain: _Chain, low: int) -> None:
        assert chain.told is not None
        for each in ranges(chain.told, chain.shares, low):
            if each.lost:
                self._complain(partition, each)
            chain.flying += 1
            told = partial(self._acknowledged.append, (partition, chain, each.end))
            self._ledger.write(entry((self._ledger.stage, *partition), each, self._usual, time.time_ns()), told)
            chain.told = each.end
        chain.shares, chain.bytes = [], 0
        chain.sources = set()

    def _complain(self, partition: Partition, lost: Range) -> None:
        self._lost(lost.lost)
        words = (
            "up to %d records of %s[%d] are lost to this sink: Kafka's retention removed them, at offsets %d to %d, "
            "before they were read. Let the topic keep its records longer, or find out why the sink was behind"
        )
        _log.error(words, lost.lost, *partition, lost.start, lost.end - 1)


def _find_starts(consumer: Consumer, ready: Mapping[Partition, _Chain]) -> None:
    """Begin new chains where the group has committed, or with the first record. Raises KafkaException."""
    new = [TopicPartition(*partition) for partition, chain in ready.items() if chain.told is None]
    for each in consumer.committed(new, ASK_SECS) if new else ():
        if each.error is not None:
            raise KafkaException(each.error)
        chain = ready[each.topic, each.partition]
        chain.told = chain.shares[0].first if each.offset < 0 else each.offset
    for chain in ready.values():
        if chain.told is not None and chain.shares[0].first < chain.told:
            chain.told = chain.shares[0].first  # the topic was deleted and made anew: its offsets begin again


def _low(consumer: Consumer, partition: Partition, chain: _Chain) -> int:
    """The low watermark, asked for only where offsets are missing. Raises KafkaException."""
    assert chain.told is not None
    if not gaps_of(chain.told, chain.shares):
        return 0
    found = consumer.get_watermark_offsets(TopicPartition(*partition), timeout=ASK_SECS)
    if found is None:  # no answer in time
        raise KafkaException(_NO_ANSWER)
    return found[0]
