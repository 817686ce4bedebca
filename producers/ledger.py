"""What a producer tells the ledger, as LedgerEntries (`schemas/avro/ledger_entry`): sent, lost, left."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schemas.ledger import names_of

if TYPE_CHECKING:
    from producers.chunk import Loss, Source
    from producers.core.files.checkpoint import Mark

STAGE = "producer"


def entry_of_loss(loss: Loss, written_at: int, outcome: str = "lost") -> dict[str, Any]:
    """A range that cannot be sent, or (``left``) that is not sent yet. ``written_at``: nanoseconds since 1970."""
    return {
        **names_of(loss.source),
        "incarnation": loss.incarnation.hex(),
        "stage": STAGE,
        "start": loss.start,
        "end": loss.end,
        "outcomes": {f"{outcome}/{loss.reason}": loss.end - loss.start},
        "open_end": loss.open_end,
        "next_incarnation": None if loss.next_incarnation is None else loss.next_incarnation.hex(),
        "path": loss.path,
        "detail": loss.detail,
        "written_at": written_at,
    }


def entry_of_sent(source: Source, incarnation: str, mark: Mark, written_at: int, *, ended: bool) -> dict[str, Any]:
    """All of a file that Kafka has; covers what earlier entries said of it."""
    return {
        **names_of(source),
        "incarnation": incarnation,
        "stage": STAGE,
        "start": mark.begun,
        "end": mark.offset,
        "outcomes": {"sent": mark.offset - mark.begun},
        "ended": ended,
        "path": mark.path,
        "written_at": written_at,
    }
