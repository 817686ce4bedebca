"""`python -m deploy.local.guard LOCK_FD OWNER_PID OWNER_STARTED RUNNING_FILE`: stops the servers after their owner.

The process that started a stack may be killed with no chance to clean up. The guard watches it and then stops what
`running.json` lists. (PR_SET_PDEATHSIG would do for direct children of a main thread only: it fires when the *thread*
that started the child ends, and it is lost for servers that were adopted.) The guard shares the owner's lock on the
data folder, so nobody starts there until the old servers have gone. A stack that is left running on purpose has no
guard.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from deploy.local.processes import ProcessId, is_alive, stop_all
from deploy.local.state import read_running

POLL_SECS: Final = 0.3
GRACE_SECS: Final = 6.0


def watch(owner: ProcessId, running_file: Path) -> None:
    """Wait for the owner's end, then stop its servers and forget them."""
    while is_alive(owner):
        time.sleep(POLL_SECS)
    stop_all(read_running(running_file).servers.values(), GRACE_SECS)
    running_file.unlink(missing_ok=True)


if __name__ == "__main__":
    _lock_fd, pid, started, file = sys.argv[1:]  # the lock is held by having the descriptor open
    watch(ProcessId(int(pid), started), Path(file))
