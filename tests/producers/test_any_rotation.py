"""Whatever kubelet, the runtime and the producer do meanwhile, the bytes sent are the bytes written."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from producers.core.files.checkpoint import Mark, Marks
from tests.producers.node import Container, Run, Written, assembled
from tests.producers.producer_rules import ProducerRules

sizes = st.sampled_from([0, 5, 60, 250, 700])


class RotationModel(ProducerRules):
    """A real folder with real files, and a producer that may be killed at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="logferry-")
        self.container = Container(Path(self.folder.name))
        self.run = Run(self.container, Marks(), 0.0)

    # -- the runtime and kubelet ---------------------------------------------------------------------------------

    @rule(size=sizes, stream=st.sampled_from(["stdout", "stderr"]), tag=st.sampled_from("FP"))
    def write_line(self, size: int, stream: str, tag: str) -> None:
        self.end_line()
        self.container.append(self.container.line(size, stream=stream, tag=tag) + b"\n")

    @rule(size=sizes)
    def write_line_without_its_end(self, size: int) -> None:
        self.end_line()
        self.container.append(self.container.line(size))

    @rule()
    def end_line(self) -> None:
        if self.container.live.content and not self.container.live.content.endswith(b"\n"):
            self.container.append(b"\n")

    @precondition(lambda self: self.container.live.content and not self.container.live.rotated)
    @rule(reopen=st.booleans())
    def rotate(self, reopen: bool) -> None:
        self.container.rotate(reopen=reopen)

    @precondition(lambda self: self.container.live.rotated)
    @rule()
    def reopen(self) -> None:
        self.container.reopen()

    @precondition(lambda self: self.container.live.content)
    @rule()
    def restart_container(self) -> None:
        self.container.restart()

    def rotated(self) -> list[Written]:
        """All rotated files but the newest, which kubelet never compresses."""
        return [life for life in self.container.lives if life.rotated and not life.deleted][:-1]

    @precondition(lambda self: any(life.path.suffix != ".gz" for life in self.rotated()))
    @rule(data=st.data())
    def compress(self, data: st.DataObject) -> None:
        plain = [life for life in self.rotated() if life.path.suffix != ".gz"]
        self.container.compress(data.draw(st.sampled_from(plain)))

    def deletable(self) -> list[Written]:
        """Rotated files that the producer has open, or has read to their end for good."""
        open_now = set(self.run.tail.known())
        ended = {name for name, mark in self.run.marks.items() if mark.ended}
        safe = ended if self.saved is None else ended | open_now
        return [life for life in self.rotated() if life.incarnation.hex() in safe]

    @precondition(lambda self: self.deletable())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        life = data.draw(st.sampled_from(self.deletable()))
        self.run.settle()  # what is open is read to its end; a producer killed before that would have lost it
        self.saved = self.run.checkpoint()
        self.container.delete(life)

    # -- the producer --------------------------------------------------------------------------------------------

    @precondition(lambda self: not any(life.deleted for life in self.container.lives))
    @rule()
    def kill_and_start_again_without_checkpoint(self) -> None:
        self.saved = None
        self.kill_and_start_with(None)

    def mark(self, name: str) -> Mark:
        mark = self.run.marks.get(name)
        assert mark is not None
        return mark

    # -- what must be true ---------------------------------------------------------------------------------------

    @invariant()
    def chunks_of_a_run_come_file_by_file_in_order_without_repetition(self) -> None:
        order = {life.incarnation: number for number, life in enumerate(self.container.lives)}
        for before, after in pairwise(self.run.sent):
            if before.life is after.life:
                assert after.offset == before.offset + len(before.payload)
                assert not before.ended
            else:
                assert before.ended
                assert order[after.life.incarnation] > order[before.life.incarnation]

    @invariant()
    def a_mark_never_stands_behind_what_is_acknowledged(self) -> None:
        sent = {(chunk.life.incarnation.hex(), chunk.offset) for chunk in self.run.flying}
        for name, offset in sent:
            assert self.mark(name).offset <= offset
            assert not self.mark(name).ended

    def teardown(self) -> None:
        try:
            self.end_line()
            self.run.settle()
            self.check_what_was_sent()
            self.check_what_was_told()
        finally:
            self.run.close()
            self.folder.cleanup()

    def check_what_was_sent(self) -> None:
        written = {life.incarnation: life.content for life in self.container.lives if life.content}
        assert assembled(self.earlier + self.run.sent) == written
        there = [life for life in self.container.lives if life.content and not life.deleted]
        lengths = {life.incarnation.hex(): len(life.content) for life in there}
        assert {name: self.mark(name).offset for name in lengths} == lengths


TestRotationModel = RotationModel.TestCase
TestRotationModel.settings = settings(max_examples=200, stateful_step_count=50)
