"""The contract of `Multiline`, in its simplest form: whoever joins lines groups them so."""

from __future__ import annotations

from collections.abc import Iterable

from streams.core.multiline import Multiline
from streams.core.parsers import text


def grouped(multiline: Multiline, lines: Iterable[bytes], parser: str = "text") -> list[list[bytes]]:
    """Lines of one stream as records. Lines that were unsure when their record ended begin anew."""
    records: list[list[bytes]] = []
    waiting = list(reversed(list(lines)))
    while waiting:
        first = waiting.pop()
        record, unsure = [first], []
        state = multiline.begin(first, text.read(first)[0], parser)
        while state is not None and waiting:
            step = multiline.go_on(state, waiting[-1])
            if step is None:
                break
            state, sure = step
            unsure.append(waiting.pop())
            if sure:
                record += unsure
                unsure = []
        waiting.extend(reversed(unsure))
        records.append(record)
    return records
