"""Whatever a program, logrotate and the producer do meanwhile, the bytes sent are the bytes written."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from producers.chunk import source_of
from producers.core.files.checkpoint import Marks
from producers.files.formats import text_format
from tests.producers.node import Run, Sent
from tests.producers.producer_rules import ProducerRules
from tests.producers.program import Program

SOURCE = source_of("00112233445566bb", "node-1", "files", "raw")
sizes = st.sampled_from([0, 5, 60, 250, 700])


class TextModel(ProducerRules):
    """A real folder with real files, and a producer that may be killed at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="logferry-")

    @initialize(appends=st.booleans(), banner=st.booleans())
    def begin(self, appends: bool, banner: bool) -> None:
        folder = Path(self.folder.name)
        self.program = Program(folder, appends=appends, banner=banner)
        self.run = Run(None, Marks(), 0.0, SOURCE, text_format(None), "app.log", folder=str(folder))  # type: ignore[arg-type]

    # -- the program and logrotate -------------------------------------------------------------------------------------

    @rule(size=sizes)
    def write_line(self, size: int) -> None:
        self.program.write(self.program.line(size) + b"\n")

    @rule(size=sizes)
    def write_part_of_a_line(self, size: int) -> None:
        self.program.write(self.program.line(size))

    @precondition(lambda self: not self.program.is_renamed and self.program.text.content)
    @rule(reopen=st.booleans())
    def rename(self, reopen: bool) -> None:
        self.program.rename(reopen=reopen)

    @precondition(lambda self: self.program.is_renamed)
    @rule()
    def reopen(self) -> None:
        self.program.reopen()

    @precondition(lambda self: not self.program.is_renamed and self.program.text.content)
    @rule(
        share=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
        meanwhile=st.sampled_from(["nothing", "look", "read_all", "miss", "kill"]),
        size=st.sampled_from([None, 5, 250]),
    )
    def copy_and_truncate(self, share: float, meanwhile: str, size: int | None) -> None:
        self.run.scan()  # what was never seen by anybody cannot be missed
        self.program.copy_and_truncate(share=share, meanwhile=lambda: self.meanwhile(meanwhile))
        if size is not None:  # before anybody looks, and as long as before at once where it leaves a hole
            self.write_line(size)
        self.note_sizes()

    @precondition(lambda self: not self.program.is_renamed and self.program.text.content)
    @rule(kills=st.booleans(), size=st.sampled_from([0, 5, 60]))
    def copy_write_and_truncate(self, kills: bool, size: int) -> None:
        self.run.settle()
        self.program.copy_and_truncate(truncates=False)
        self.write_line(size)
        self.run.settle()
        self.save()
        if kills:
            self.kill_and_start_again()
        self.program.truncate()

    def meanwhile(self, what: str) -> None:
        if what == "kill":
            self.save()
            self.kill_and_start_again()
        if what == "miss":
            self.run.scan(missed="app.log.2")
        if what in ("kill", "look", "read_all"):
            self.run.scan()
        if what == "read_all":
            self.read_all()

    @precondition(lambda self: not self.program.is_renamed and self.program.text.content)
    @rule()
    def truncate_without_a_copy(self) -> None:
        text = self.program.text
        self.run.scan()
        self.program.copy_and_truncate(copies=False)
        self.run.settle()
        self.save()
        for loss in self.run.losses:
            assert (loss.reason, loss.path) == ("truncated", str(self.program.live))
            start, sent = assembled(self.earlier + self.run.sent).get(loss.incarnation, (0, b""))
            assert text.content.startswith(sent), "an earlier run may have sent more than it knew to be kept"
            assert (loss.start <= start + len(sent), loss.end) == (True, start + len(text.content))
            text.content = bytes(sent)
        self.run.losses.clear()

    @rule(data=st.data())
    def compress(self, data: st.DataObject) -> None:
        plain = [text for text in self.program.rotated() if text.path is not None and text.path.suffix != ".gz"]
        if plain:
            self.program.compress(data.draw(st.sampled_from(plain)))

    @rule()
    def delete_the_oldest_when_it_is_read(self) -> None:
        self.run.settle()
        self.save()
        if rotated := self.program.rotated():
            self.program.delete(rotated[0])

    @precondition(lambda self: not self.program.is_renamed)
    @rule()
    def recreate(self) -> None:
        self.run.settle()
        self.save()
        self.run.scan()
        self.program.recreate()

    # -- the producer --------------------------------------------------------------------------------------------------

    @rule(secs=st.sampled_from([-90_000.0, 90_000.0, 1e9]))
    def set_the_clock(self, secs: float) -> None:
        self.run.jump = secs

    # -- what must be true ---------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        try:
            if hasattr(self, "run"):
                self.run.settle()
                self.check_what_was_sent()
                self.check_what_was_told()
        finally:
            if hasattr(self, "run"):
                self.run.close()
                self.program.close()
            self.folder.cleanup()

    def check_what_was_sent(self) -> None:
        assert [*self.losses, *self.run.losses] == []
        found = sorted(bytes(content) for _, content in assembled(self.earlier + self.run.sent).values() if content)
        assert found == sorted(text.content for text in self.program.texts if text.content)


def assembled(chunks: list[Sent]) -> dict[bytes, tuple[int, bytearray]]:
    """Incarnation -> where its bytes begin, and the bytes.

    Fails where two chunks say different things of one byte, one day is not that of an earlier sending, or a gap is not
    told.
    """
    found: dict[bytes, tuple[int, bytearray]] = {}
    days: dict[tuple[bytes, int], int] = {}
    for chunk in sorted(chunks, key=lambda chunk: (chunk.incarnation, chunk.offset, len(chunk.payload))):
        begin = 0 if chunk.gap is None else chunk.offset
        start, known = found.setdefault(chunk.incarnation, (begin, bytearray()))
        at = chunk.offset - start
        assert 0 <= at <= len(known), "a gap"
        again = bytes(known[at : at + len(chunk.payload)])
        assert chunk.payload.startswith(again) or again.startswith(chunk.payload), "two contents"
        known += chunk.payload[len(again) :]
        if chunk.payload:
            day = chunk.observed_timestamp // 86_400_000_000_000
            assert days.setdefault((chunk.incarnation, chunk.offset), day) == day, "two days"
    return found


TestTextModel = TextModel.TestCase
TestTextModel.settings = settings(max_examples=200, stateful_step_count=30)
