"""What programs, container runtimes and log rotation write on a node, for every input that reads files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.producers.journal import entry, write_journal
from tests.producers.node import Container
from tests.producers.program import Program

BEGIN = datetime(2026, 11, 21, 1, 2, 3, tzinfo=UTC)
POD_UID = "11111111-2222-3333-4444-555555555555"
CONTAINER_ID = "c0" * 32
DOCKER_PIECE = 16 * 1024
"""Docker cuts longer lines; here in characters, for where it cuts must not matter."""


def parts(texts: Sequence[str], count: int) -> Iterator[Sequence[str]]:
    """All texts in ``count`` parts."""
    size = -(-len(texts) // count)
    return (texts[at : at + size] for at in range(0, len(texts), size))


def text_of(texts: Sequence[str], encoding: str = "utf-8") -> bytes:
    """Texts as lines of a file."""
    return "".join(f"{text}\n" for text in texts).encode(encoding)


def write_renamed(folder: Path, texts: Sequence[str], encoding: str = "utf-8") -> None:
    """app.log, renamed three times and the older copies compressed, as logrotate does with ``create``."""
    folder.mkdir(parents=True)
    program = Program(folder)
    for part in parts(texts, 4):
        program.write(text_of(part, encoding))
        for old in program.rotated()[:-1]:
            if old.path is not None and old.path.suffix != ".gz":
                program.compress(old)
        if part[-1] != texts[-1]:
            program.rename(reopen=True)
    program.close()


def write_truncated(folder: Path, texts: Sequence[str]) -> None:
    """app.log, copied and truncated three times."""
    folder.mkdir(parents=True)
    program = Program(folder)
    for part in parts(texts, 4):
        program.write(text_of(part))
        if part[-1] != texts[-1]:
            program.copy_and_truncate()
    program.close()


def pod_container(node: Path) -> Container:
    """A container of Kubernetes, linked as kubelet links it."""
    folder = node / f"var/log/pods/shop_cart-1_{POD_UID}/app"
    folder.mkdir(parents=True)
    container = Container(folder)
    links = node / "var/log/containers"
    links.mkdir(parents=True)
    (links / f"cart-1_shop_app-{CONTAINER_ID}.log").symlink_to(folder / "0.log")
    return container


def cri_lines(texts: Sequence[str], first: int = 0) -> bytes:
    """Texts as a CRI runtime writes them."""
    times = (BEGIN + timedelta(milliseconds=first + number) for number in range(len(texts)))
    return b"".join(f"{_time(time)} stderr F {text}\n".encode() for time, text in zip(times, texts, strict=True))


def write_cri(container: Container, texts: Sequence[str]) -> None:
    """A container's lines over three rotations; the older files are compressed."""
    written = 0
    for part in parts(texts, 4):
        container.append(cri_lines(part, written))
        written += len(part)
        for life in container.lives[:-2]:
            if life.path.suffix != ".gz":
                container.compress(life)
        if written < len(texts):
            container.rotate(reopen=True)


def write_docker(root: Path, container_id: str, config: dict[str, Any], texts: Sequence[str]) -> None:
    """A container of Docker's json-file driver; lines are cut and rotated as Docker does."""
    folder = root / container_id
    folder.mkdir(parents=True)
    (folder / "config.v2.json").write_text(json.dumps({"ID": container_id, **config}))
    live = folder / f"{container_id}-json.log"
    written = 0
    for part in parts(texts, 3):
        with live.open("ab") as file:
            for text in part:
                file.write(_docker_line(text, written))
                written += 1
        if written < len(texts):
            if live.with_name(f"{live.name}.1").exists():
                live.with_name(f"{live.name}.1").rename(live.with_name(f"{live.name}.2"))
            live.rename(live.with_name(f"{live.name}.1"))


def _docker_line(text: str, number: int) -> bytes:
    time = _time(BEGIN + timedelta(milliseconds=number))
    whole = text + "\n"
    pieces = [whole[at : at + DOCKER_PIECE] for at in range(0, len(whole), DOCKER_PIECE)]
    return b"".join(
        json.dumps({"log": piece, "stream": "stdout", "time": time}, ensure_ascii=False).encode() + b"\n"
        for piece in pieces
    )


def write_entries(path: Path, texts: Sequence[str], first: int = 0) -> None:
    """Entries of kubelet.service with priority err, added to a journal file."""
    write_journal(path, [entry(first + at, PRIORITY="3", MESSAGE=text) for at, text in enumerate(texts)])


def _time(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
