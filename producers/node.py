"""Which node this is."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from schemas.settings import Settings


def node_name(settings: Settings) -> str:
    """This node's name: from the settings, from NODE_NAME (Kubernetes' downward API), or the host's."""
    return settings.producer.node or os.environ.get("NODE_NAME") or socket.gethostname()
