"""Prints an index and the time every second, like the counter in Kubernetes' documentation on logging.

::

    0: Sat Nov 21 01:00:00 UTC 2026
    1: Sat Nov 21 01:00:01 UTC 2026
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import sys
import time
from pathlib import Path

from deploy.demo.programs.ending import asked_to_end


def line(index: int, now: float) -> str:
    """Return the index and `now` (seconds since 1970) as date(1) prints it in UTC."""
    return f"{index}: {time.strftime('%a %b %e %H:%M:%S UTC %Y', time.gmtime(now))}\n"


def main() -> None:
    """Print, or with ``--file`` append to a file, until asked to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    pace = float(os.environ.get("EVERY_SECS", "1"))
    parser.add_argument("every", type=float, nargs="?", default=pace, help="seconds between two lines")
    parser.add_argument("--file", type=Path, help="where to write instead of standard output")
    asked = parser.parse_args()
    ending = asked_to_end()
    with asked.file.open("a") if asked.file else contextlib.nullcontext(sys.stdout) as out:
        for index in itertools.count():
            out.write(line(index, time.time()))
            out.flush()
            if ending.wait(asked.every):
                return


if __name__ == "__main__":
    main()
