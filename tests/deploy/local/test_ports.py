"""Ports are remembered, and given up only to somebody who really has them."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from deploy.local.ports import holder, is_free, settle

USES = ["kafka", "elasticsearch"]


def test_ports_are_free_different_and_outside_of_those_for_outgoing_connections() -> None:
    ports, moved = settle("/somewhere", USES, {})

    lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert len(set(ports.values())) == len(USES)
    assert all(is_free(port) and port < lowest_outgoing for port in ports.values())
    assert moved == []


def test_remembered_ports_stay() -> None:
    remembered, _ = settle("/somewhere", USES, {})

    assert settle("/elsewhere", USES, remembered) == (remembered, [])


def test_two_folders_get_different_ports() -> None:
    assert settle("/clone/one", USES, {})[0] != settle("/clone/two", USES, {})[0]


def test_a_taken_port_is_replaced_and_its_holder_named() -> None:
    remembered, _ = settle("/somewhere", USES, {})
    with socket.socket() as other:
        other.bind(("127.0.0.1", remembered["kafka"]))
        other.listen()

        ports, (moved,) = settle("/somewhere", USES, remembered)

        assert holder(remembered["kafka"]).startswith(f"process {os.getpid()} ")

    assert ports["elasticsearch"] == remembered["elasticsearch"]
    assert ports["kafka"] != remembered["kafka"]
    assert (moved.use, moved.old, moved.new) == ("kafka", remembered["kafka"], ports["kafka"])
    assert f"is taken by process {os.getpid()}" in str(moved)
