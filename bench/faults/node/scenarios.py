"""What happens on a node; `bench.faults.catalogue` has the scenarios of processes, servers and networks."""

from __future__ import annotations

from typing import Final

from bench.faults.network import DiskFull
from bench.faults.node import folders, host_files
from bench.faults.node.clock import HOUR, ClockJump
from bench.faults.node.containers import storm, traced
from bench.faults.node.crowds import crowd, fleeting
from bench.faults.node.endings import CheckpointCut, CheckpointDamaged, Reboot, StateLost, persistent
from bench.faults.node.flood import Flood
from bench.faults.node.garbage import garbage
from bench.faults.node.pausable import pausable
from bench.faults.node.poison import poisoned
from bench.faults.node.rotated_away import Remembering, RotatedAway
from bench.faults.processes import Kill
from bench.faults.scenario import Scenario
from bench.faults.steady import steady

MIB: Final = 1024 * 1024
QUICK_KILLS: Final = (Kill(("produce",), 1.0),) * 6
STREAMS: Final = ("stream-1", "stream-2")
SINKS: Final = ("search", "archive")


def _clock(stages: tuple[str, ...], what: str) -> list[Scenario]:
    """A clock that jumps an hour ahead, and one that is set back by as much."""
    name = stages[0].partition("-")[0]
    return [
        Scenario(f"clock-ahead-{name}", f"{what}: an hour ahead, and right again", (ClockJump(stages, HOUR),)),
        Scenario(f"clock-back-{name}", f"{what}: an hour back, and right again", (ClockJump(stages, -HOUR),)),
    ]


SCENARIOS: Final[tuple[Scenario, ...]] = (
    # -- rotation
    Scenario(
        "rotation-storm", "a rotation a second of every container, gzip, while the producer is killed",
        QUICK_KILLS, (storm, traced),
    ),
    Scenario(
        "rotated-away", "a producer is away for longer than kubelet keeps files: the ledger names what is lost",
        (RotatedAway(7), RotatedAway(5)), (Remembering,),
    ),
    Scenario(
        "logrotate-create", "create and delaycompress, programs that reopen late",
        QUICK_KILLS, (host_files.created,),
    ),
    Scenario("logrotate-dateext", "create with dateext, files that begin alike", QUICK_KILLS, (host_files.dated,)),
    Scenario(
        "logrotate-nocreate", "files are renamed by logrotate, and no new ones made until their program begins again",
        (host_files.LeftRenamed(), host_files.LeftRenamed()), (host_files.quiet,),
    ),
    Scenario("copytruncate", "copytruncate under programs that append", QUICK_KILLS, (host_files.copy_truncated,)),
    Scenario(
        "copytruncate-holes", "copytruncate under programs that do not append",
        QUICK_KILLS, (host_files.hole_left,),
    ),
    Scenario(
        "truncated-unseen", "files truncated without a copy while no producer runs: the ledger names the lines",
        (host_files.Emptied(), host_files.Emptied()), (host_files.quiet,),
    ),
    Scenario(
        "inode-reuse", "files removed while no producer runs, new ones with their inodes and beginnings",
        (host_files.Replaced(), host_files.Replaced()), (host_files.quiet,),
    ),
    Scenario(
        "files-made-anew", "files removed and made anew under a producer",
        (host_files.Recreated(),), (host_files.quiet,),
    ),
    # -- time
    *_clock(("produce",), "the producer's clock"),
    *_clock(STREAMS, "the clock of all stream workers"),
    *_clock(SINKS, "the clock of all sinks"),
    # -- what is written
    Scenario(
        "poison", "poison of every kind in files, beside a steady load",
        (Kill(("stream-1",), 2.0),), (steady, poisoned),
    ),
    Scenario("poison-sent", "garbage to syslog, forward and http", (Kill(STREAMS, 1.0),), (garbage, pausable)),
    Scenario("flood", "one tenant writes fifty times as much as all others", (Kill(("stream-1",), 2.0),), (Flood,)),
    Scenario(
        "pods-of-200-ms", "twenty pods a second that live for 200 ms",
        (Kill(("stream-1",), 30.0),), (fleeting, pausable),
    ),
    Scenario(
        "crowd", "1,000 pods that appear within ten seconds and vanish",
        (Kill(("stream-1",), 20.0),), (crowd, pausable),
    ),
    # -- what ends
    Scenario("state-lost", "the producer's state folder is lost", (StateLost(),)),
    Scenario(
        "checkpoint-damaged", "bytes of the checkpoint are others: in its header, in the middle, at the end",
        (CheckpointDamaged(0.0), CheckpointDamaged(0.5), CheckpointDamaged(1.0)),
    ),
    Scenario("checkpoint-cut", "the checkpoint is cut in half, and empty", (CheckpointCut(0.5), CheckpointCut(0.0))),
    Scenario(
        "reboot", "the node reboots, twice, once with its state in memory",
        (Reboot(), Reboot(keeps_state=False)), (pausable,),
    ),
    Scenario(
        "node-disk-full", "the node's disk is full",
        (DiskFull("node", 6.0),), (persistent,), small_disks={"node": 48 * MIB},
    ),
    Scenario(
        "folders-unreadable", "the folders of links and of logs cannot be read for a while",
        (folders.Unreadable("containers"), folders.Unreadable("pods")), (traced,),
    ),
    Scenario(
        "folders-replaced", "the folders of links and of logs are made anew",
        (folders.Replaced("containers"), folders.Replaced("pods")), (traced,),
    ),
    Scenario(
        "links-tricked", "links to logs lead through links, to themselves, to nothing",
        (folders.LinksTricked(),), (traced,),
    ),
)  # fmt: skip
