"""Objects that are gone are named, whoever still lists them; what was compacted or is over is not missed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.audit.archives import ArchiveCheck
from deploy.audit.core.book import Book
from deploy.audit.core.picture import Picture
from deploy.audit.core.result import Wish
from schemas.settings import Settings, parse_settings
from sinks.core.manifest import Entry, Manifest, merged, write
from tests.deploy.audit.entries import written

HOUR = "2026-11-21T13"
FOLDER = "logs.app/dt=2026-11-21/hour=13"
NOW = 1_795_300_000.0
BODY = b"x" * 1000


def settings(root: Path, **options: Any) -> Settings:
    kept = "".join(f", {name}: {value}" for name, value in options.items())
    text = f"sinks: {{archive: {{type: object_storage, topics: [logs.app], url: 'file://{root}'{kept}}}}}"
    return parse_settings(text, "test", {})


def name(first: int, last: int | None = None) -> str:
    end = "" if last is None else f"-{last:020d}"
    return f"{FOLDER}/shop/0-{first:020d}{end}.parquet"


def entry(first: int, last: int, records: int, **more: Any) -> Entry:
    object_ = more.pop("name", name(first))
    return Entry(object_, len(BODY), records, first, last, "a", "b", 1, 2, "shop", "00", **more)


def lay(root: Path, *entries: Entry, listed: bool = True) -> None:
    """Objects, and the manifest that names them."""
    for each in entries:
        path = root / each.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(BODY)
    manifest = root / FOLDER / "_manifest" / "0.json"
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_bytes(write(merged(Manifest("logs.app", HOUR, 0), entries if listed else ())))


def found(root: Path, *told: dict[str, Any], now: float = NOW, **options: Any) -> list[tuple[str, str]]:
    book = Book(Picture("logs.raw"))
    for each in told:
        book.take(each)
    check = ArchiveCheck(settings(root, **options), "archive", book.objects.get("sink/archive", {}), Wish(), now)
    return [(each.kind, each.where.removeprefix("archive: ")) for each in check.run()]


TOLD = (written(name(0), 0, 10, 10), written(name(10), 10, 20, 10))
BOTH = (entry(0, 9, 10), entry(10, 19, 10))


def test_an_archive_that_has_what_was_told_is_right(tmp_path: Path) -> None:
    lay(tmp_path, *BOTH)
    assert found(tmp_path, *TOLD) == []


def test_an_object_that_is_gone_is_named_once(tmp_path: Path) -> None:
    lay(tmp_path, *BOTH)
    (tmp_path / name(10)).unlink()
    assert found(tmp_path, *TOLD) == [("missing_object", name(10))]


def test_an_object_that_its_manifest_forgot_too_is_named(tmp_path: Path) -> None:
    lay(tmp_path, BOTH[0])
    assert found(tmp_path, *TOLD) == [("missing_object", name(10))]


def test_an_hour_that_is_gone_with_its_manifest_is_named(tmp_path: Path) -> None:
    assert found(tmp_path, *TOLD) == [("missing_object", name(0)), ("missing_object", name(10))]


def test_what_was_compacted_is_not_missed(tmp_path: Path) -> None:
    lay(tmp_path, entry(0, 19, 20, name=name(0, 19), replaces=((0, 9), (10, 19))))
    assert found(tmp_path, *TOLD) == []


def test_a_compacted_object_that_is_gone_is_named(tmp_path: Path) -> None:
    lay(tmp_path, entry(0, 19, 20, name=name(0, 19), replaces=((0, 9), (10, 19))))
    (tmp_path / name(0, 19)).unlink()
    assert found(tmp_path, *TOLD) == [("missing_object", name(0, 19))]


def test_what_retention_removed_is_not_missed(tmp_path: Path) -> None:
    lay(tmp_path, BOTH[0])
    gone = written(name(10), 10, 20, 10, at=2, outcomes={"deleted/retention": 10, "bytes": 1000})
    assert found(tmp_path, *TOLD, gone) == []
    assert found(tmp_path, gone, *TOLD) == []
    assert found(tmp_path, gone, TOLD[0], TOLD[1] | {"written_at": 3}) == [("missing_object", name(10))]


def test_what_was_compacted_and_then_removed_by_retention_is_not_missed(tmp_path: Path) -> None:
    gone = written(name(0, 19), 0, 20, 20, at=2, outcomes={"deleted/retention": 20, "bytes": 1000})
    assert found(tmp_path, *TOLD, gone) == []


def test_days_that_are_over_are_not_missed(tmp_path: Path) -> None:
    assert found(tmp_path, *TOLD, now=NOW + 20 * 86400, retention="7d") == []
    assert len(found(tmp_path, *TOLD, now=NOW, retention="7d")) == 2


def test_an_object_that_holds_less_than_was_written_is_named(tmp_path: Path) -> None:
    lay(tmp_path, entry(0, 9, 8), BOTH[1])
    assert found(tmp_path, *TOLD) == [("missing_records", name(0))]


def test_an_object_whose_size_changed_is_named(tmp_path: Path) -> None:
    lay(tmp_path, *BOTH)
    (tmp_path / name(0)).write_bytes(b"short")
    assert found(tmp_path, *TOLD) == [("missing_records", name(0))]


def test_an_object_that_was_written_just_now_may_not_be_listed_yet(tmp_path: Path) -> None:
    lay(tmp_path, BOTH[0], listed=False)
    modified = (tmp_path / name(0)).stat().st_mtime
    assert found(tmp_path, TOLD[0], now=modified + 10) == []
    assert found(tmp_path, TOLD[0], now=modified + 3600) == [("missing_records", name(0))]


def test_a_manifest_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    lay(tmp_path, *BOTH)
    (tmp_path / FOLDER / "_manifest" / "0.json").write_text("{")
    assert ("unreadable_manifest", f"{FOLDER}/_manifest/0.json") in found(tmp_path, *TOLD)
