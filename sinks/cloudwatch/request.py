"""PutLogEvents requests and their answers; missing log groups and streams are made on the way."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError, NoCredentialsError
from botocore.parsers import ResponseParserError

from sinks.cloudwatch.batches import Line, LogEvents
from sinks.cloudwatch.client import NO_CREDENTIALS
from sinks.cloudwatch.names import Stream
from sinks.cloudwatch.verdict import ALREADY_ACCEPTED, MISSING, REFUSED, verdicts, waits
from sinks.verdict import Done, Reject, Retry, Verdict

if TYPE_CHECKING:
    from schemas.settings.sinks.cloudwatch import CloudwatchSink

_log = logging.getLogger(__name__)

_EXISTS: Final = "ResourceAlreadyExistsException"


class Streams:
    """Makes log groups and log streams that are missing."""

    def __init__(self, client: Any, settings: CloudwatchSink) -> None:
        self._client = client
        self._settings = settings
        self._lock = threading.Lock()

    def make(self, stream: Stream) -> None:
        """Make a log stream, and its group before it. Raises what botocore raises."""
        with self._lock:  # several streams miss the same group at once
            if not self._made_stream(stream):
                self._make_group(stream.group)
                self._made_stream(stream)

    def _made_stream(self, stream: Stream) -> bool:
        """Whether the stream is there now; False: its group is missing."""
        try:
            self._client.create_log_stream(logGroupName=stream.group, logStreamName=stream.name)
        except ClientError as error:
            if error_code(error) == MISSING:
                return False
            if error_code(error) != _EXISTS:
                raise
        return True

    def _make_group(self, name: str) -> None:
        settings = self._settings
        options: dict[str, Any] = {"tags": settings.tags} if settings.tags else {}
        try:
            self._client.create_log_group(logGroupName=name, logGroupClass=settings.log_class.upper(), **options)
        except ClientError as error:
            if error_code(error) != _EXISTS:
                raise
            return
        _log.info("made log group %s", name)
        if settings.retention_days:
            self._set_retention(name, settings.retention_days)

    def _set_retention(self, name: str, days: int) -> None:
        """Without it records are kept too long, which is no reason to keep them waiting."""
        try:
            self._client.put_retention_policy(logGroupName=name, retentionInDays=days)
        except (ClientError, BotoCoreError) as error:
            _log.error("log group %s is made, but its retention of %d days could not be set: %s", name, days, error)


class Requests:
    """Sends events of log streams and says what became of each."""

    def __init__(self, client: Any, streams: Streams | None) -> None:
        """``streams``: None where groups and streams are made by somebody else."""
        self._client = client
        self._streams = streams

    def put(self, stream: Stream, request: LogEvents) -> list[Verdict]:
        """The verdict on each event. Never raises on an answer or on none."""
        return self._put(stream, request.lines, may_make=self._streams is not None)

    def _put(self, stream: Stream, lines: Sequence[Line], *, may_make: bool) -> list[Verdict]:
        try:
            answer = self._client.put_log_events(
                logGroupName=stream.group,
                logStreamName=stream.name,
                logEvents=[{"timestamp": line.timestamp, "message": line.message} for line in lines],
            )
        except ClientError as error:
            return self._refused(stream, lines, error, may_make=may_make)
        except (BotoCoreError, ResponseParserError) as error:
            return [_not_answered(error)] * len(lines)
        if not answer.get("ResponseMetadata", {}).get("RequestId"):
            return [Retry("an answer that is not of CloudWatch")] * len(lines)
        return verdicts(answer, len(lines))

    def _refused(self, stream: Stream, lines: Sequence[Line], error: ClientError, *, may_make: bool) -> list[Verdict]:
        code = error_code(error)
        if code == MISSING and may_make:
            return self._made_and_put(stream, lines)
        if code == ALREADY_ACCEPTED:
            return [Done.ALREADY_THERE] * len(lines)
        if code in REFUSED:
            return self._divided(stream, lines, error, may_make=may_make)
        return [waits(code)] * len(lines)

    def _made_and_put(self, stream: Stream, lines: Sequence[Line]) -> list[Verdict]:
        assert self._streams is not None
        try:
            self._streams.make(stream)
        except ClientError as error:
            if error_code(error) in REFUSED:
                return [Reject(f"{stream.group} {stream.name}: {_words(error)}")] * len(lines)
            return [waits(error_code(error))] * len(lines)
        except (BotoCoreError, ResponseParserError) as error:
            return [_not_answered(error)] * len(lines)
        return self._put(stream, lines, may_make=False)

    def _divided(self, stream: Stream, lines: Sequence[Line], error: ClientError, *, may_make: bool) -> list[Verdict]:
        """Some event makes CloudWatch refuse the request as a whole: find it by halves, so that it stands alone."""
        if len(lines) == 1:
            return [Reject(_words(error))]
        middle = len(lines) // 2
        first = self._put(stream, lines[:middle], may_make=may_make)
        waiting = next((each for each in first if isinstance(each, Retry)), None)
        if waiting:
            return [*first, *[waiting] * (len(lines) - middle)]
        return [*first, *self._put(stream, lines[middle:], may_make=may_make)]


def error_code(error: ClientError) -> str:
    """What the service calls the error."""
    details: Mapping[str, Any] = error.response.get("Error", {})
    return str(details.get("Code") or error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "unknown"))


def _words(error: ClientError) -> str:
    return f"{error_code(error)}: {error.response.get('Error', {}).get('Message', '')}"


def _not_answered(error: Exception) -> Retry:
    credentials = isinstance(error, NoCredentialsError | CredentialRetrievalError)
    return Retry(type(error).__name__, remedy=NO_CREDENTIALS if credentials else "", detail=str(error))
