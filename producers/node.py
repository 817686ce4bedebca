"""Which node this is."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping


def node_name(configured: str | None, environ: Mapping[str, str] = os.environ) -> str:
    """This node's name: from the settings, from NODE_NAME (Kubernetes' downward API), or the host's."""
    return configured or environ.get("NODE_NAME") or socket.gethostname()
