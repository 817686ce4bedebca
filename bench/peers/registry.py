"""Who takes part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bench.peers import elastic_agents, faust, fluent_bit, kcat, logferry, otel, redpanda_connect, rsyslog, vector
from bench.peers.peer import Peer

PEERS: Final[Mapping[str, Peer]] = {
    peer.name: peer
    for peer in (
        logferry.PEER,
        otel.PEER,
        rsyslog.PEER,
        kcat.PEER,
        faust.PEER,
        fluent_bit.PEER,
        vector.PEER,
        redpanda_connect.PEER,
        elastic_agents.FILEBEAT,
        elastic_agents.LOGSTASH,
    )
}
"""logferry first; the others are compared with it."""
