"""A `logging` handler that sends a program's records straight to logs.raw: where there is no node agent and no file.

::

    [handlers] in logging.config.dictConfig:
    kafka: {class: producers.handler.KafkaHandler, bootstrap_servers: "kafka:9092", fields: {service.name: cart}}

Never in the way: `emit` neither waits nor raises. Records become lines in the thread that logs, and travel in batches
by a thread that starts with the first record (and again in each forked child, which is a source of its own).

Drop policy. Memory is bounded by ``memory_max_bytes``. While Kafka does not keep up, the newest records are dropped:
those below ERROR once three quarters of the memory are used, ERROR and above only when all of it is. What was dropped
is counted by level and told by one record as soon as half of the memory is free again, at the latest when the handler
closes. Records that Kafka's client or this handler cause are never taken, so nothing goes in circles.

Delivery: what was accepted reaches Kafka once (idempotent, acks=all, ids by position) if it can within the life of the
process and ``flush_timeout_secs`` at its end; a process that is killed loses what it had not sent, at most
``flush_interval_secs`` of lines while Kafka answers. Whoever needs more writes to a file and follows that.

Who logs is known by Kubernetes' downward API: POD_NAMESPACE, POD_NAME, POD_UID, CONTAINER_NAME, NODE_NAME.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
import weakref
from collections import Counter
from collections.abc import Mapping
from multiprocessing import util as multiprocessing_util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from producers.core.relay.direct_batch import BatchLimits
from producers.core.relay.handler_record import Logged, loss_line, record_line, text_of
from producers.node import node_name
from producers.relay.identity import container_from, direct_source, new_incarnation
from producers.relay.sender import Sender, SenderLimits, destination, is_sending
from schemas.errors import SettingsError
from schemas.settings import parse_settings

if TYPE_CHECKING:
    from schemas.settings import Settings

KIND: Final = "handler"
LOW_SHARE: Final = 0.75
"""Share of the memory that records below ERROR may use; the rest is kept for ERROR and above."""
SMALLEST_RECORD_BYTES: Final = 1024
DEEPEST: Final = 4
"""So deep may records be nested that come up while a record is made into text (an argument that logs itself)."""
_FULL: Final = "the handler's memory was full, Kafka did not keep up"
_BROKEN: Final = "unreadable"
"""Stands for a level where a record could not be made into a line at all."""

_emitting = threading.local()


class KafkaHandler(logging.Handler):
    """Sends records to Kafka without ever being in the way."""

    _sender: Sender
    _losses: Counter[str]
    """What was dropped and not told yet, by level."""
    _losses_lock: threading.RLock
    _hopeless_until: float
    """Until then (monotonic) nothing waits for Kafka: it has just been waited for in vain."""
    _over: bool

    def __init__(
        self,
        bootstrap_servers: str | None = None,
        level: int | str = logging.NOTSET,
        *,
        config: str | os.PathLike[str] | None = None,
        topic_prefix: str | None = None,
        properties: Mapping[str, Any] | None = None,
        tag: str | None = None,
        fields: Mapping[str, Any] | None = None,
        container: Mapping[str, str | None] | None = None,
        program: str | None = None,
        memory_max_bytes: int = 8 * 1024 * 1024,
        record_max_bytes: int = 256 * 1024,
        flush_interval_secs: float = 0.1,
        flush_timeout_secs: float = 5.0,
    ) -> None:
        """Raises SettingsError for what cannot be meant; Kafka itself need not be there.

        bootstrap_servers, topic_prefix, properties
            As in logferry.yaml (kafka.*, topics.prefix); each wins over file and environment.
        config
            A logferry.yaml. Default: $LOGFERRY_CONFIG, else the defaults and LOGFERRY_… variables.
        tag
            Tag of all lines. Default: kube.<namespace>.<pod>.<container>, else host.<program>.
        fields
            Fields that every line has, for example service.name.
        container
            namespace, pod, pod_uid and name, where the downward API's variables do not tell them.
        program
            Name of the program outside Kubernetes. Default: that of the script.
        memory_max_bytes
            Lines that Kafka has not acknowledged; see the drop policy. 8 MiB are about 30,000 lines.
        record_max_bytes
            Longest line; a longer record is cut and says so.
        flush_interval_secs
            Longest that a line waits for others.
        flush_timeout_secs
            Longest that `flush`, `close` and the end of the process wait for Kafka.
        """
        super().__init__(level)
        if record_max_bytes < SMALLEST_RECORD_BYTES or memory_max_bytes < record_max_bytes:
            raise SettingsError(
                "KafkaHandler: its limits cannot hold one record",
                remedy=f"write {SMALLEST_RECORD_BYTES} <= record_max_bytes <= memory_max_bytes",
            )
        self._settings = _settings(config, bootstrap_servers, topic_prefix, properties)
        self._container = container_from(os.environ, container or {})
        self._tag = tag
        self._fields = dict(fields or {})
        self._program = program or Path(sys.argv[0] or "python").stem
        self._record_max_bytes = record_max_bytes
        self._limits = SenderLimits(BatchLimits(linger_secs=flush_interval_secs, memory_max_bytes=memory_max_bytes))
        self._flush_timeout_secs = flush_timeout_secs
        self._begin()
        _handlers.add(self)
        multiprocessing_util.register_after_fork(self, KafkaHandler._close_with_process)

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """No lock: `emit` is safe in any thread, and records of several are made into lines side by side."""
        self.lock = None

    def setFormatter(self, fmt: logging.Formatter | None) -> None:  # noqa: N802 - logging's name
        """Use a formatter for the message; the default one, which `logging.basicConfig` gives to all, is none."""
        chosen = fmt is not None and getattr(fmt, "_fmt", None) != logging.BASIC_FORMAT
        super().setFormatter(fmt if chosen else None)

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record or count it as dropped; never waits, never raises."""
        if is_sending():
            return
        depth = getattr(_emitting, "depth", 0)
        if depth >= DEEPEST:
            self._drop(record.levelname)
            return
        _emitting.depth = depth + 1
        try:
            self._take(record)
        except Exception:  # whatever an argument's own code raises
            self._drop(_BROKEN)
        finally:
            _emitting.depth = depth

    def flush(self) -> None:
        """Wait until Kafka has every line, at most ``flush_timeout_secs``."""
        if not is_sending() and time.monotonic() >= self._hopeless_until:
            self._finish_flush(delivered=self._sender.flush(self._flush_timeout_secs))

    def close(self) -> None:
        """Send what there is, for at most ``flush_timeout_secs``; also called when the process ends."""
        if not self._over:
            self._over = True
            if (line := self._loss()) is not None:
                self._sender.offer(line, 1)
            hopeless = time.monotonic() < self._hopeless_until
            unsent = self._sender.close(0.1 if hopeless else self._flush_timeout_secs)
            if unsent and sys.stderr is not None:
                sys.stderr.write(f"logferry: {unsent} log records did not reach Kafka before the end\n")
        super().close()

    # -- a record -----------------------------------------------------------------------------------------------------

    def _take(self, record: logging.LogRecord) -> None:
        share = 1.0 if record.levelno >= logging.ERROR else LOW_SHARE
        if not self._sender.has_room(
            SMALLEST_RECORD_BYTES, share
        ):  # asked first: while Kafka is away, dropping must cost little
            self._drop(record.levelname)
            return
        line = record_line(record, self._logged(record), self._fields, self._record_max_bytes)
        if not self._sender.offer(line, 1, share):
            self._drop(record.levelname)

    def _logged(self, record: logging.LogRecord) -> Logged:
        trace_id, span_id = _current_span()
        if self.formatter is not None:
            return Logged(self.formatter.format(record), None, trace_id, span_id)
        return Logged(_message(record), _stacktrace(record), trace_id, span_id)

    # -- what could not be taken --------------------------------------------------------------------------------------

    def _drop(self, level: str) -> None:
        with self._losses_lock:
            self._losses[level] += 1

    def _loss(self) -> bytes | None:
        """The record that tells what was dropped since the last one; None: nothing was."""
        with self._losses_lock:
            if not self._losses:
                return None
            losses, self._losses = self._losses, Counter()
        reason = _FULL if set(losses) - {_BROKEN} else "they could not be made into text"
        return loss_line(losses, reason, time.time())

    def _finish_flush(self, *, delivered: bool) -> None:
        if not delivered:  # the end of a process flushes and then closes: it must not wait twice
            self._hopeless_until = time.monotonic() + 1.0

    # -- processes ----------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """A source, an incarnation and a sender of this process's own."""
        node = node_name(self._settings.producer.node)
        source = direct_source(node, KIND, "raw", self._container, self._program, self._tag)
        target = destination(self._settings, "logferry-handler")
        self._losses = Counter()
        self._losses_lock = threading.RLock()
        self._hopeless_until = 0.0
        self._over = False
        self._sender = Sender(
            target, source, self._program, new_incarnation(source), self._limits, when_relieved=self._loss
        )

    def _begin_in_child(self) -> None:
        _inherited.append(self._sender)
        self._begin()

    def _close_with_process(self) -> None:
        """Children of multiprocessing end without `atexit`; they have finalizers of their own."""
        multiprocessing_util.Finalize(self, self.close, exitpriority=-100)


_handlers: weakref.WeakSet[KafkaHandler] = weakref.WeakSet()
_inherited: list[Sender] = []
"""Senders of the parent process. A child must not let go of them: ending a Kafka client waits for threads that a child
does not have."""


def _after_fork() -> None:
    _emitting.depth = 0
    for handler in list(_handlers):
        handler._begin_in_child()


os.register_at_fork(after_in_child=_after_fork)


def _settings(
    config: str | os.PathLike[str] | None,
    bootstrap_servers: str | None,
    topic_prefix: str | None,
    properties: Mapping[str, Any] | None,
) -> Settings:
    """Settings from file and environment, with the arguments over both."""
    path = config or os.environ.get("LOGFERRY_CONFIG")
    try:
        text = Path(path).read_text(encoding="utf-8") if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"KafkaHandler: the settings cannot be read: {error}", where=str(path), remedy="name the right file"
        ) from error
    given = {
        "LOGFERRY_KAFKA__BOOTSTRAP_SERVERS": bootstrap_servers,
        "LOGFERRY_TOPICS__PREFIX": topic_prefix,
        "LOGFERRY_KAFKA__PROPERTIES": None if properties is None else json.dumps(dict(properties)),
    }
    arguments = {name: value for name, value in given.items() if value is not None}
    return parse_settings(text, str(path or "KafkaHandler"), {**os.environ, **arguments})


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception as error:
        return f"{text_of(record.msg)} [arguments do not fit: {type(error).__name__}]"


def _stacktrace(record: logging.LogRecord) -> str | None:
    trace = record.exc_text
    if not trace and record.exc_info and record.exc_info[0] is not None:
        trace = logging.Formatter().formatException(record.exc_info)
    return "\n".join(part for part in (trace, record.stack_info) if part) or None


def _current_span() -> tuple[str | None, str | None]:
    """Trace and span id where the program uses OpenTelemetry; it is not imported for it."""
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None, None
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None, None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"
