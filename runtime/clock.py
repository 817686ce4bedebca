"""What a wall clock that is set back does to a process, and its end.

Kafka's client (librdkafka) waits until moments of the wall clock. Set that back by an hour, and its threads sleep for
an hour longer: nothing is read or sent, and not even SIGTERM is obeyed in time. A process that begins anew has no such
waits; whatever it had under way is read again, as after any crash. Seen in the fault suite (`clock-ahead-…`).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import Final

STEP_SECS: Final = 5.0
"""Less is waited for: time servers set clocks back by fractions of a second, if at all."""
STATUS: Final = 1
"""As of whatever cannot go on, and is to be started again (docs/operations.md)."""
LOOK_SECS: Final = 1.0

_log = logging.getLogger(__name__)


def end_when_set_back() -> None:
    """Watch the clock from now on, in a thread. For processes that somebody starts again."""
    threading.Thread(target=_watch, name="clock", daemon=True).start()


def _watch() -> None:
    offset = time.time() - time.monotonic()
    while True:
        time.sleep(LOOK_SECS)
        now = time.time() - time.monotonic()
        if offset - now > STEP_SECS:
            words = "the clock was set back by %.0f s, which Kafka's client would wait: ends, to be started again"
            _log.critical(words, offset - now)
            os._exit(STATUS)
        offset = now
