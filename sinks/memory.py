"""Little memory for a sink, whose batches are large and short-lived (docs/benchmarks.md)."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

import pyarrow as pa

MALLOC: Final[Mapping[int, int]] = {-8: 1, -3: 32 * 1024 * 1024, -1: 32 * 1024 * 1024}
"""Options of glibc's mallopt(3): M_ARENA_MAX, M_MMAP_THRESHOLD, M_TRIM_THRESHOLD. Thresholds below the size of a batch
would save 10 MiB more and cost 2 CPU seconds a million records, for pages that come and go."""


def spare_memory() -> None:
    """Give back to the system what is freed; one thread for columns is enough beside those of Kafka and of requests.

    The system's allocator gives back what Arrow's own keeps, and more when threads share an arena.
    """
    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    with suppress(OSError, AttributeError):  # another C library than glibc
        option = ctypes.CDLL(None).mallopt
        for name, value in MALLOC.items():
            option(name, value)
