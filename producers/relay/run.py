"""What `logferry relay` was asked for, put to work."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from producers.core.relay.lines import HoldLimits
from producers.relay.tail_lines import TailLimits, TailLines
from producers.relay.tailed_file import FollowLimits

if TYPE_CHECKING:
    from producers.relay.until import Reached
    from producers.relay.wrap import Beside, Shipping
    from schemas.settings import Settings

STDOUT = 1


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the command line asks for; `logferry relay --help` says what each means."""

    files: Sequence[str]
    """Absolute paths."""
    settings: Settings | None
    """Where lines go to Kafka; None: to standard output."""
    container: Mapping[str, str | None]
    """Fields of the container that were given as options."""
    tag: str | None
    state_folder: str | None
    from_end: bool
    prefix: bool
    block_when_full: bool
    memory_max_bytes: int
    drain_secs: float
    poll_interval_secs: float
    unterminated_line_secs: float


def relay_files(order: Order, pid: str | None, file: Path | None) -> None:
    """Follow files until a signal, or until process ``pid`` ends or ``file`` appears. Raises LogferryError."""
    from producers.relay.until import ProcessEnded, file_appeared, first_of

    reached = first_of([*([ProcessEnded(pid)] if pid else []), *([file_appeared(file)] if file else [])])
    if order.settings is None:
        from producers.relay.stopping import stop_signals

        _tail(order, stop_signals(reached))
    else:
        _files_to_kafka(_kafka_settings(order, order.settings), reached, order.drain_secs)


def run_wrapped(order: Order, program: Sequence[str]) -> NoReturn:
    """Run a program with what is to be relayed beside it, and end as it ends."""
    from producers.relay.wrap import run_program

    shipping = None if order.settings is None else _shipping(order, order.settings, program[0])
    run_program(program, shipping=shipping, beside=_beside(order), drain_secs=order.drain_secs)


def _tail(order: Order, wait: Callable[[float], bool]) -> None:
    limits = TailLimits(
        poll_interval_secs=order.poll_interval_secs,
        drain_secs=order.drain_secs,
        follow=FollowLimits(hold=HoldLimits(secs=order.unterminated_line_secs)),
    )
    TailLines(order.files, STDOUT, limits, wait, from_end=order.from_end, prefix=order.prefix).run()


def _files_to_kafka(settings: Settings, reached: Reached, drain_secs: float) -> None:
    from producers.relay.kafka_files import ship_files, stop_when
    from runtime.process import stop_on_signals
    from runtime.registry import prepare_codecs

    prepare_codecs(settings)
    stop = stop_on_signals()
    threading.Thread(target=stop_when, args=(reached, stop), daemon=True).start()
    ship_files(settings, stop, drain_secs)


def _kafka_settings(order: Order, settings: Settings) -> Settings:
    from producers.relay.identity import container_from
    from producers.relay.kafka_files import settings_for

    return settings_for(
        settings,
        [Path(file) for file in order.files],
        container_from(os.environ, order.container),
        tag=order.tag,
        from_end=order.from_end,
        state_folder=Path(order.state_folder) if order.state_folder else None,
        unterminated_line_secs=max(0.1, order.unterminated_line_secs),
    )


def _beside(order: Order) -> Beside | None:
    from producers.relay.wrap import Beside

    if not order.files:
        return None
    if order.settings is None:
        return Beside(lambda stop: _tail(order, stop.wait))
    from producers.relay.kafka_files import ship_files_always

    settings = _kafka_settings(order, order.settings)
    return Beside(lambda stop: ship_files_always(settings, stop, order.drain_secs))


def _shipping(order: Order, settings: Settings, program: str) -> Shipping:
    from producers.core.relay.direct_batch import BatchLimits
    from producers.node import node_name
    from producers.relay.identity import container_from, direct_source, new_incarnation
    from producers.relay.sender import Sender, SenderLimits, destination
    from producers.relay.shipped_output import ShippedOutput
    from producers.relay.wrap import Shipping

    node = node_name(settings.producer.node)
    container = container_from(os.environ, order.container)
    name = Path(program).name
    source = direct_source(node, "relay", "cri", container, name, order.tag)
    limits = SenderLimits(BatchLimits(memory_max_bytes=order.memory_max_bytes))
    target = destination(settings, "logferry-relay")
    sender = Sender(target, source, name, new_incarnation(source), limits)
    return Shipping(sender, ShippedOutput(sender, block=order.block_when_full))
