"""Prints an index and the time every second, like the counter in Kubernetes' documentation on logging.

::

    0: Sat Nov 21 01:00:00 UTC 2026
    1: Sat Nov 21 01:00:01 UTC 2026
"""

from __future__ import annotations

import itertools
import sys
import time

from deploy.demo.programs.ending import asked_to_end


def line(index: int, now: float) -> str:
    """Return the index and `now` (seconds since 1970) as date(1) prints it in UTC."""
    return f"{index}: {time.strftime('%a %b %e %H:%M:%S UTC %Y', time.gmtime(now))}\n"


def main() -> None:
    """Print until asked to end. The first argument, if any: seconds between two lines."""
    every = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    ending = asked_to_end()
    for index in itertools.count():
        sys.stdout.write(line(index, time.time()))
        sys.stdout.flush()
        if ending.wait(every):
            return


if __name__ == "__main__":
    main()
