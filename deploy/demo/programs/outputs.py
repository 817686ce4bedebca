"""Where `numbers_api` sends its log lines, by ``$LOG_TO``: to its output, straight to Kafka, or to a forward input.

stdout
    One JSON object a line, for whoever reads the container's output. The default.
kafka
    logferry's handler for `logging`. Needs ``logferry[kafka]``; brokers by logferry.yaml or LOGFERRY_KAFKA__….
forward
    Fluentd's own client, to ``$FORWARD_HOST`` and ``$FORWARD_PORT``. Needs ``logferry[demo]``.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

Log: TypeAlias = Callable[[str, str, str, Mapping[str, object], BaseException | None], None]
"""Takes level (info, warning, error), logger, message, fields, and the error that it is about."""

_output = threading.Lock()


def to_stdout(level: str, logger: str, msg: str, fields: Mapping[str, object], error: BaseException | None) -> None:
    """Print one JSON line, a stack trace as a field; and as programs do, once more as plain lines on stderr."""
    now = time.time()
    ts = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1000) % 1000:03d}Z"
    trace = {} if error is None else {"error": _trace(error)}
    with _output:
        if error is not None:
            traceback.print_exception(error)
        print(json.dumps({"ts": ts, "level": level, "msg": msg, "logger": logger, **trace, **fields}), flush=True)  # noqa: T201


def by_logging(level: str, logger: str, msg: str, fields: Mapping[str, object], error: BaseException | None) -> None:
    """Hand a record to `logging`."""
    logging.getLogger(logger).log(
        logging.getLevelNamesMapping()[level.upper()], msg, extra=dict(fields), exc_info=error
    )


def _to_kafka() -> Log:
    from producers.handler import KafkaHandler

    logging.basicConfig(level=logging.INFO, handlers=[KafkaHandler(fields={"service.name": "numbers-api"})])
    return by_logging


def _to_forward() -> Log:
    from fluent.handler import FluentHandler

    pod = _pod(os.environ)
    tag = "kube.{namespace_name}.{pod_name}.{container_name}".format_map(pod) if pod else "numbers-api"
    host, port = os.environ.get("FORWARD_HOST", "localhost"), int(os.environ.get("FORWARD_PORT", "24224"))
    handler = FluentHandler(tag, host=host, port=port, nanosecond_precision=True)
    handler.setFormatter(_Entry(pod))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    return by_logging


class _Entry(logging.Formatter):
    """A record as a map, which is what a forward client sends."""

    def __init__(self, pod: Mapping[str, str]) -> None:
        super().__init__()
        self._pod = pod

    def format(self, record: logging.LogRecord) -> dict[str, Any]:  # type: ignore[override]  # fluent's handler wants a map
        fields = {name: value for name, value in vars(record).items() if name not in _USUAL}
        if record.exc_info and record.exc_info[1]:
            fields["error"] = _trace(record.exc_info[1])
        told = {"message": record.getMessage(), "level": record.levelname.lower(), "logger": record.name, **fields}
        return {**told, "kubernetes": self._pod} if self._pod else told


_USUAL: Final = frozenset(vars(logging.makeLogRecord({})))


def _pod(environ: Mapping[str, str]) -> dict[str, str]:
    """Whose records these are, as Fluent Bit's filter tells it; empty outside Kubernetes."""
    names = {"namespace_name": "POD_NAMESPACE", "pod_name": "POD_NAME", "pod_id": "POD_UID"}
    found = {key: environ[name] for key, name in names.items() if name in environ}
    return {**found, "container_name": environ.get("CONTAINER_NAME", "")} if len(found) == len(names) else {}


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


OUTPUTS: Final[Mapping[str, Callable[[], Log]]] = {
    "stdout": lambda: to_stdout,
    "kafka": _to_kafka,
    "forward": _to_forward,
}
