"""Files that pods write into emptyDir volumes: known by kubelet's folders, and nothing beside the volume is read."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from producers.core.files.checkpoint import Marks
from producers.core.files.container_names import PodName
from producers.core.files.volume_paths import PodVolume, volume_of_path
from producers.files.layouts import Place, VolumeLayout
from producers.files.log_file import open_in_volume
from producers.files.volumes import PodFolders
from schemas.settings import InvalidSettingsError, parse_settings
from schemas.tags import tag_of
from tests.producers.text_input import KINDS, TextInput

UID = "6b1f0c9e-6a3b-4c1a-9f36-0d5b1f9f1a11"
EMPTY_DIR = "volumes/kubernetes.io~empty-dir"


class Node:
    """A kubelet's folders with one pod, and an input that reads its volume."""

    def __init__(self, root: Path, *, is_known: bool = True) -> None:
        self.pod_logs = root / "var/log/pods"
        self.pod_logs.mkdir(parents=True)
        self.volume = root / f"var/lib/kubelet/pods/{UID}/{EMPTY_DIR}/logs"
        self.volume.mkdir(parents=True)
        self.pattern = f"{root}/var/lib/kubelet/pods/*/{EMPTY_DIR}/logs/*.log"
        self._made: list[TextInput] = []
        if is_known:
            self.create()

    def create(self) -> None:
        """What kubelet makes before a pod's first container runs."""
        (self.pod_logs / f"shop_cart-0_{UID}").mkdir()

    def read(self, marks: Marks | None = None) -> TextInput:
        self._made.append(TextInput(self.pattern, marks=marks, pod_logs=str(self.pod_logs)))
        return self._made[-1]

    def close(self) -> None:
        for each in self._made:
            each.close()


@pytest.fixture
def made() -> Iterator[Callable[..., Node]]:
    nodes: list[Node] = []

    def make(root: Path, **more: bool) -> Node:
        nodes.append(Node(root, **more))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


def test_a_file_is_of_the_pod_whose_uid_its_path_has(tmp_path: Path, made: Callable[..., Node]) -> None:
    node = made(tmp_path)
    (node.volume / "app.log").write_text("one\ntwo\n")
    (chunk,) = node.read().chunks()
    assert (chunk.payload, chunk.source["container"], tag_of(chunk.source, chunk.path)) == (
        b"one\ntwo\n",
        {"namespace": "shop", "pod": "cart-0", "pod_uid": UID, "name": "", "id": None},
        "kube.shop.cart-0.logs",
    )


def test_two_pods_with_the_same_path_inside_are_two_sources(tmp_path: Path, made: Callable[..., Node]) -> None:
    node = made(tmp_path)
    other = "0d7cf5d8-7d47-4b70-9c79-4a1f2a9df8ea"
    (node.pod_logs / f"shop_cart-1_{other}").mkdir()
    second = Path(str(node.volume).replace(UID, other))
    second.mkdir(parents=True)
    for volume in (node.volume, second):
        (volume / "app.log").write_text("same\n")
    chunks = node.read().chunks()
    assert {chunk.source["tag"] for chunk in chunks} == {"kube.shop.cart-0.logs", "kube.shop.cart-1.logs"}
    assert len({chunk.source["id"] for chunk in chunks}) == len({chunk.incarnation for chunk in chunks}) == 2


def test_a_restarted_producer_gives_the_same_identity_and_sends_nothing_again(
    tmp_path: Path, made: Callable[..., Node]
) -> None:
    node, marks = made(tmp_path), Marks()
    (node.volume / "app.log").write_text("before\n")
    (before,) = node.read(marks).chunks()
    with (node.volume / "app.log").open("a") as file:
        file.write("after\n")
    (after,) = node.read(marks).chunks()
    assert (after.payload, after.offset, after.incarnation) == (b"after\n", 7, before.incarnation)
    assert after.source == before.source


def test_rotated_copies_in_a_volume_belong_to_its_log(tmp_path: Path, made: Callable[..., Node]) -> None:
    node = made(tmp_path)
    (node.volume / "app.log.1").write_text("old\n")
    (node.volume / "app.log").write_text("new\n")
    reader = node.read()
    sent = reader.chunks()
    reader.look()
    sent += reader.chunks()
    assert [chunk.payload for chunk in sent if chunk.payload] == [b"old\n", b"new\n"]
    assert len({chunk.source["id"] for chunk in sent}) == 1


def test_a_pod_that_nobody_knows_is_named_once_and_read_when_it_is_known(
    tmp_path: Path, made: Callable[..., Node], caplog: pytest.LogCaptureFixture
) -> None:
    node = made(tmp_path, is_known=False)
    path = node.volume / "app.log"
    path.write_text("early\n")
    reader = node.read()
    reason = f"no folder in {node.pod_logs} is named after its pod {UID}"
    assert list(reader.input.strangers()) == [(str(path), reason)]
    reader.look(secs=200)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == [f"{path} is not read: {reason}"]
    node.create()
    reader.look(secs=200)
    assert reader.read() == {str(path): b"early\n"}


def test_a_missing_folder_of_pod_logs_is_named(tmp_path: Path, made: Callable[..., Node]) -> None:
    node = made(tmp_path, is_known=False)
    (node.volume / "app.log").write_text("text\n")
    node.pod_logs.rmdir()
    ((_, reason),) = node.read().input.strangers()
    assert reason == (
        f"whose it is stands in the names in {node.pod_logs}, which cannot be listed: No such file or directory"
    )


@pytest.mark.parametrize("way", ["file", "folder"])
def test_a_link_out_of_the_volume_is_not_followed(tmp_path: Path, made: Callable[..., Node], way: str) -> None:
    node = made(tmp_path)
    secrets = tmp_path / "etc"
    secrets.mkdir()
    (secrets / "shadow.log").write_text("root:secret\n")
    if way == "file":
        (node.volume / "app.log").symlink_to(secrets / "shadow.log")
    else:
        node.pattern = node.pattern.replace("*.log", "*/*.log")
        (node.volume / "sub").symlink_to(secrets)
    reader = node.read()
    assert reader.read() == {}
    (tail,) = reader.input.tails()
    assert [reason.partition(", to ")[0] for reason in tail.files.complaints.values()] == [
        "OSError: it leads out of its volume"
    ]


def test_a_link_within_the_volume_is_followed(tmp_path: Path, made: Callable[..., Node]) -> None:
    node = made(tmp_path)
    (node.volume / "app.txt").write_text("mine\n")
    (node.volume / "current.log").symlink_to(node.volume / "app.txt")
    assert [chunk.payload for chunk in node.read().chunks()] == [b"mine\n"]


def is_open(path: Path) -> bool:
    """Whether this process has a file open."""
    return path.resolve() in {each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink()}


def test_what_was_opened_is_judged_and_not_the_name(tmp_path: Path, made: Callable[..., Node]) -> None:
    node = made(tmp_path)
    (tmp_path / "secret").write_text("x\n")
    (node.volume / "a.log").symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="leads out of its volume"):
        open_in_volume(str(node.volume / "a.log"), compressed=False)
    assert not is_open(tmp_path / "secret")


def test_what_is_no_regular_file_is_not_read_though_it_may_have_been_one_a_moment_ago(
    tmp_path: Path, made: Callable[..., Node]
) -> None:
    node = made(tmp_path)
    os.mkfifo(node.volume / "a.log")
    with pytest.raises(OSError, match=r"a\.log is no regular file"):
        open_in_volume(str(node.volume / "a.log"), compressed=False)
    assert not is_open(node.volume / "a.log")


def test_a_log_that_comes_back_after_its_pods_log_folder_has_gone_is_still_its_pods(
    tmp_path: Path, made: Callable[..., Node]
) -> None:
    node = made(tmp_path)
    path = node.volume / "app.log"
    path.write_text("one\n")
    layout = VolumeLayout(
        KINDS["files"].model_validate({"type": "files", "path": node.pattern}), "n", str(node.pod_logs)
    )
    place = layout.place(str(path))
    assert isinstance(place, Place)
    (node.pod_logs / f"shop_cart-0_{UID}").rmdir()
    stranger = str(path).replace(UID, "0d7cf5d8-7d47-4b70-9c79-4a1f2a9df8ea")
    assert isinstance(layout.place(stranger), str)
    assert layout.source(place)["container"]["pod"] == "cart-0"


def test_unknown_pods_are_looked_for_only_where_the_folder_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pods, listed = PodFolders(str(tmp_path)), []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or real(folder))
    assert [pods.pod(UID), pods.pod(UID)] == [None, None]
    assert len(listed) == 2, "it changed so lately that it may change again under the same time"
    os.utime(tmp_path, (1e9, 1e9))
    assert [pods.pod(UID) for _ in range(100)] == [None] * 100
    assert len(listed) == 3
    (tmp_path / f"shop_cart-0_{UID}").mkdir()
    assert pods.pod(UID) == PodName("shop", "cart-0", UID)


@pytest.mark.parametrize(
    ("path", "volume"),
    [
        (f"/k/pods/{UID}/{EMPTY_DIR}/logs/app.log", PodVolume(f"/k/pods/{UID}/{EMPTY_DIR}/logs", UID, "logs")),
        (f"/pods/u/{EMPTY_DIR}/v/a/b.log", PodVolume(f"/pods/u/{EMPTY_DIR}/v", "u", "v")),
        (  # a pod can make such folders, and stays who it is
            f"/k/pods/u/{EMPTY_DIR}/v/pods/other/{EMPTY_DIR}/w/a.log",
            PodVolume(f"/k/pods/u/{EMPTY_DIR}/v", "u", "v"),
        ),
        (f"/k/pods/{UID}/{EMPTY_DIR}/app.log", None),
        (f"/k/pods/{UID}/volumes/kubernetes.io~csi/pvc-1/mount/app.log", None),  # outlives its pod
        ("/var/log/app.log", None),
    ],
)
def test_a_path_says_whose_volume_it_is(path: str, volume: PodVolume | None) -> None:
    assert volume_of_path(path) == volume


def test_a_file_in_no_volume_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("text\n")
    reader = TextInput(tmp_path / "*.log", pod_logs=str(tmp_path))
    ((_, reason),) = reader.input.strangers()
    reader.close()
    assert reason == "it is in no volume: …/pods/<uid>/volumes/kubernetes.io~empty-dir/<volume>/…"


def test_one_container_and_those_of_many_pods_exclude_each_other() -> None:
    text = """
inputs:
  a: {type: files, path: /x/*.log, pod_logs: /var/log/pods, container: {namespace: n, pod: p, name: c}}
"""
    with pytest.raises(InvalidSettingsError, match="say both whose files these are"):
        parse_settings(text, "logferry.yaml", {})
