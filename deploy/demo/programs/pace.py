"""How fast the demo's programs go: by the first argument, else by ``$EVERY_SECS``, else as each of them thinks best."""

from __future__ import annotations

import os
import sys


def every_secs(default: float) -> float:
    """Return the seconds between two rounds."""
    return float(sys.argv[1]) if len(sys.argv) > 1 else float(os.environ.get("EVERY_SECS", default))
