"""Letters into files: an Avro container, JSON lines, or a folder with a file for each original.

Originals are written byte for byte: in JSON as base64, in Avro as bytes, in a folder as they are. A file appears under
its name when it is whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

import fastavro

from deploy.dead_letters.core.letter import Letter
from deploy.dead_letters.core.origin import Origins
from deploy.dead_letters.view import letter_json
from schemas.codec import schema_text
from schemas.errors import SettingsError

_THEIRS: Final[dict[str, Any]] = json.loads(schema_text("dead_letter"))
_OWN: Final[list[dict[str, Any]]] = [
    {"name": "letter_partition", "type": "int", "default": -1, "doc": "Where the letter stood in its topic."},
    {"name": "letter_offset", "type": "long", "default": -1},
    {"name": "key", "type": "bytes", "default": "", "doc": "Kafka key of the letter."},
]
SCHEMA: Final = {**_THEIRS, "fields": [*_OWN, *_THEIRS["fields"]]}
"""A DeadLetter with its place; whoever reads it as a DeadLetter gets one."""


def export(letters: Iterable[Letter], target: Path) -> int:
    """Write letters; returns how many. What the target is, its name says: ``.avro``, ``.jsonl``, else a folder.

    Raises SettingsError when it cannot be written.
    """
    try:
        if target.suffix not in (".avro", ".jsonl", ".json"):
            return _folder(letters, target)
        part = target.with_name(f"{target.name}.part")
        try:
            count = _avro(letters, part) if target.suffix == ".avro" else _lines(letters, part)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return count
    except OSError as error:
        raise SettingsError(
            f"the letters cannot be written: {error.strerror}", where=str(target), remedy="name another place with -o"
        ) from error


def _avro(letters: Iterable[Letter], file: Path) -> int:
    count = 0

    def records() -> Iterator[dict[str, Any]]:
        nonlocal count
        for letter in letters:
            count += 1
            place = {"letter_partition": letter.partition, "letter_offset": letter.offset, "key": letter.key}
            yield place | letter.fields

    with file.open("wb") as out:
        fastavro.writer(out, fastavro.parse_schema(SCHEMA), records(), codec="deflate")
    return count


def _lines(letters: Iterable[Letter], file: Path) -> int:
    count, origins = 0, Origins()
    with file.open("w", encoding="utf-8") as out:
        for letter in letters:
            count += 1
            told = letter_json(letter, origins.of(letter), sent_again=False)
            del told["sent_again"]
            out.write(json.dumps(told, ensure_ascii=False) + "\n")
    return count


def _folder(letters: Iterable[Letter], folder: Path) -> int:
    """``letters.jsonl`` says what each ``<partition>-<offset>.bin`` is."""
    folder.mkdir(parents=True, exist_ok=True)

    def each() -> Iterator[Letter]:
        for letter in letters:
            (folder / f"{letter.partition}-{letter.offset}.bin").write_bytes(letter.original)
            yield letter

    return _lines(each(), folder / "letters.jsonl")
