"""The producer as a process: ``python -m producers DESCRIPTOR`` with the settings behind an open descriptor.

`logferry produce` becomes this when it has checked the settings: without the command line's packages, it takes half of
the memory.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import NoReturn

from runtime.own_logs import say_last
from schemas.errors import LogferryError
from schemas.handed_over import take_over


def main() -> None:
    """Run until SIGTERM or Ctrl-C; what a person can meet ends in a message."""
    with os.fdopen(int(sys.argv[1]), "rb") as file:
        settings = take_over(file.read())
    try:
        from producers.run import run

        run(settings)
    except LogferryError as error:
        say_last(error)
        _leave(error.exit_status)
    _leave(0)


def _leave(status: int) -> NoReturn:
    """End at once: everything is closed and on disk.

    What Kafka never took is thrown away with its client, which reports that while the interpreter is torn down: now and
    then that ended in SIGSEGV.
    """
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    main()
