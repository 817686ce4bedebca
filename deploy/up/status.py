"""What `logferry status` knows: the supervisor's last picture, and what the servers say themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.search.index import open_index
from deploy.up.instance import is_running, read_picture
from deploy.up.journal import Journal
from deploy.up.lag import UNANSWERED, KafkaQuestions, groups_of
from deploy.up.picture import Picture
from schemas.errors import LogferryError
from schemas.settings import ElasticsearchSink
from schemas.topics import topics_for

if TYPE_CHECKING:
    from schemas.settings import Settings

ANSWER_SECS: Final = 3.0
TAIL_BYTES: Final = 20_000


@dataclass(frozen=True)
class Status:
    """A pipeline as seen from outside."""

    data: str
    """Data folder; empty when only settings were named."""
    runs: bool
    """Whether an `up` runs there."""
    picture: Picture | None
    """Its latest, or the last of the one that has ended."""
    kafka: str
    topics: Mapping[str, int] | None = None
    """Records by topic; None: Kafka did not answer, or was not asked."""
    lags: Mapping[str, int] = field(default_factory=dict)
    """Records that wait, by stage."""
    documents: Mapping[str, int | None] = field(default_factory=dict)
    """By sink; None: no index yet."""
    problems: tuple[str, ...] = ()
    """What did not answer, in words."""
    last_lines: Mapping[str, list[str]] = field(default_factory=dict)
    """Of the logs of stages that are down."""

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def take_status(data: Path | None, settings: Settings | None, *, ask_servers: bool) -> Status:
    """Look at a pipeline; without settings there never was one. Never raises on what does not answer."""
    if settings is None:
        return Status(str(data or ""), runs=data is not None and is_running(data), picture=None, kafka="")
    picture = None if data is None else _picture(data)
    runs = data is not None and is_running(data)
    topics, lags, problems = _ask_kafka(settings) if runs or ask_servers else (None, {}, [])
    documents, more = _ask_elasticsearch(settings) if runs or ask_servers else ({}, [])
    return Status(
        data="" if data is None else str(data),
        runs=runs,
        picture=picture,
        kafka=settings.kafka.bootstrap_servers,
        topics=topics,
        lags=lags,
        documents=documents,
        problems=(*problems, *more),
        last_lines=_last_lines(picture) if picture and runs else {},
    )


def _picture(data: Path) -> Picture | None:
    content = read_picture(data)
    try:
        return None if content is None else Picture.from_json(content)
    except (TypeError, KeyError):  # another version wrote it
        return None


def _ask_kafka(settings: Settings) -> tuple[dict[str, int] | None, dict[str, int], list[str]]:
    questions = KafkaQuestions(settings.kafka, ANSWER_SECS)
    try:
        counts = questions.record_counts([topic.name for topic in topics_for(settings)])
        return counts, questions.lags(groups_of(settings)), []
    except UNANSWERED:
        return None, {}, [f"Kafka does not answer at {settings.kafka.bootstrap_servers}"]
    finally:
        questions.close()


def _ask_elasticsearch(settings: Settings) -> tuple[dict[str, int | None], list[str]]:
    documents: dict[str, int | None] = {}
    problems = []
    for name, sink in settings.sinks.items():
        if isinstance(sink, ElasticsearchSink):
            hurried = sink.model_copy(update={"request_timeout_secs": ANSWER_SECS})
            changed = settings.model_copy(update={"sinks": {name: hurried}})
            try:
                with open_index(changed, name, None, None) as index:
                    documents[name] = index.count()
            except LogferryError as error:
                problems.append(f"{error.problem} (sink {name}: {', '.join(sink.hosts)})")
    return documents, problems


def _last_lines(picture: Picture) -> dict[str, list[str]]:
    return {row.name: _tail(Path(row.log)) for row in picture.stages if row.state in ("waiting", "failed")}


def _tail(log: Path) -> list[str]:
    journal = Journal()
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - TAIL_BYTES))
            journal.feed(file.read())
    except OSError:
        return []
    return journal.last_lines()
