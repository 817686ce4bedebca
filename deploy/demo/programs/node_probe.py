"""A system component: looks at the node's load, memory and disk and writes what it sees as klog text on stderr.

::

    I1121 01:02:03.000000       1 probe.go:42] "Node load" load1="0.52" load5="0.48" cpus="2"

The letter is the severity (I, W, E); a load above the number of CPUs or a disk nearly full is a warning.
Format: Kubernetes klog, structured logging.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

from deploy.demo.programs.ending import asked_to_end
from deploy.demo.programs.pace import every_secs

DISK_NEARLY_FULL = 0.9


def line(severity: str, source: str, msg: str, now: float, **pairs: object) -> str:
    """Return one klog line. `severity`: I, W or E; `now`: seconds since 1970."""
    when = f"{time.strftime('%m%d %H:%M:%S', time.gmtime(now))}.{int(now * 1e6) % 1_000_000:06d}"
    fields = "".join(f' {key}="{value}"' for key, value in pairs.items())
    return f'{severity}{when} {os.getpid():7d} {source}] "{msg}"{fields}\n'


def load(now: float) -> str:
    """Report the load average."""
    one, five, _ = os.getloadavg()
    cpus = os.cpu_count() or 1
    if one > cpus:
        return line(
            "W", "probe.go:57", "Node load is above its CPUs", now, load1=f"{one:.2f}", load5=f"{five:.2f}", cpus=cpus
        )
    return line("I", "probe.go:42", "Node load", now, load1=f"{one:.2f}", load5=f"{five:.2f}", cpus=cpus)


def disk(now: float) -> str:
    """Report free space of the root file system."""
    usage = shutil.disk_usage("/")
    used = usage.used / usage.total
    if used > DISK_NEARLY_FULL:
        return line("W", "disk.go:88", "Disk is nearly full", now, path="/", used=f"{used:.1%}", freeBytes=usage.free)
    return line("I", "disk.go:71", "Disk usage", now, path="/", used=f"{used:.1%}", freeBytes=usage.free)


def memory(now: float) -> str:
    """Report available memory, an error where the kernel does not tell."""
    try:
        fields = dict(entry.split(":", 1) for entry in Path("/proc/meminfo").read_text().splitlines())
        available = fields["MemAvailable"].strip()
    except (OSError, KeyError) as error:
        return line("E", "memory.go:35", "Cannot read memory", now, err=error)
    return line("I", "memory.go:29", "Memory", now, available=available)


def main() -> None:
    """Probe until asked to end. The first argument, if any: seconds between two rounds."""
    every = every_secs(2.0)
    ending = asked_to_end()
    sys.stderr.write(
        line("I", "main.go:31", "Starting node probe", time.time(), node=os.environ.get("NODE_NAME", "unknown"))
    )
    while True:
        sys.stderr.writelines(probe(time.time()) for probe in (load, disk, memory))
        sys.stderr.flush()
        if ending.wait(every):
            break
    sys.stderr.write(line("I", "main.go:38", "Shutting down", time.time()))


if __name__ == "__main__":
    main()
