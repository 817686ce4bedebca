"""Several watchers and one lease; the command, its end, and settings that are wrong."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from schemas.errors import SettingsError
from schemas.settings import Settings
from tests.producers.pods.api_server import ApiServer
from tests.producers.pods.conftest import NewSettings
from tests.producers.pods.objects import pod
from tests.producers.pods.watching import Running, eventually, records


def test_one_of_two_watchers_writes_and_the_other_takes_over_at_once_when_it_stops(
    api: ApiServer, new_settings: NewSettings
) -> None:
    settings = new_settings()
    api.set(pod("a"))
    with Running(settings) as second_to_stop:
        eventually(second_to_stop.is_in_step)
        with Running(settings) as standby:
            api.wait_for("get leases", api.counted()["get leases"] + 4)
            assert (second_to_stop.leads(), standby.leads()) == (True, False)
            second_to_stop.stop.set()
            began = time.monotonic()
            eventually(standby.leads)
            assert time.monotonic() - began < 2.5  # released: it need not run out
            eventually(standby.is_in_step)
            api.set(pod("b"))
            eventually(lambda: standby.figure("logferry_pods_known") == 2)
    assert [uid for uid, _ in records(settings)] == ["uid-a", "uid-b"]


def test_a_watcher_whose_lease_was_taken_away_stops_writing_and_stands_by(
    api: ApiServer, new_settings: NewSettings
) -> None:
    settings = new_settings()
    with Running(settings) as watcher:
        eventually(watcher.is_in_step)
        with api.changed:
            lease = api.leases["logging/logferry-pods"]
            api.version += 1
            metadata = lease["metadata"] | {"resourceVersion": str(api.version)}
            taken = lease["spec"] | {"holderIdentity": "other", "leaseDurationSeconds": 3600}
            api.leases["logging/logferry-pods"] = lease | {"metadata": metadata, "spec": taken}
        eventually(lambda: not watcher.leads())
        api.set(pod("a"))
        assert records(settings) == []
        with api.changed:
            api.leases["logging/logferry-pods"]["spec"]["holderIdentity"] = None
        eventually(lambda: watcher.figure("logferry_pods_known") == 1)
    assert [uid for uid, _ in records(settings)] == ["uid-a"]


def test_a_watcher_that_cannot_renew_its_lease_stops_writing_before_it_runs_out(
    api: ApiServer, new_settings: NewSettings
) -> None:
    with Running(new_settings()) as watcher:
        eventually(watcher.is_in_step)
        api.forbidden = {("update", "leases")}
        began = time.monotonic()
        eventually(lambda: not watcher.leads())
        assert 1.0 < time.monotonic() - began < 3.0
        api.forbidden = set()
        eventually(watcher.is_in_step)


def logferry_pods(settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    config = folder / "logferry.yaml"
    config.write_text(yaml.safe_dump(settings.model_dump(mode="json", include={"kafka", "topics", "pods"})))
    command = [sys.executable, "-m", "deploy.cli", "pods", "-c", str(config)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def test_the_command_writes_until_sigterm_and_releases_its_lease(
    api: ApiServer, new_settings: NewSettings, tmp_path: Path
) -> None:
    settings = new_settings()
    api.set(pod("a"))
    process = logferry_pods(settings, tmp_path)
    try:
        eventually(lambda: len(records(settings)) == 1)
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, b"Traceback" in told) == (0, False)
    assert api.leases["logging/logferry-pods"]["spec"].get("holderIdentity") is None


def test_a_wrong_kubeconfig_ends_the_command_with_words(new_settings: NewSettings, tmp_path: Path) -> None:
    process = logferry_pods(new_settings(kubeconfig="/nowhere/kubeconfig"), tmp_path)
    _, told = process.communicate(timeout=30)
    assert (process.returncode, b"Traceback" in told, b"/nowhere/kubeconfig" in told) == (2, False, True)


def test_a_kubeconfig_that_is_not_there_is_a_mistake_in_the_settings(new_settings: NewSettings) -> None:
    with pytest.raises(SettingsError, match="kubeconfig"):
        Running(new_settings(kubeconfig="/nowhere/kubeconfig"))


def test_a_selector_that_cannot_be_read_is_a_mistake_in_the_settings(new_settings: NewSettings) -> None:
    with pytest.raises(SettingsError, match="app in web"):
        Running(new_settings(label_selector="tier=a,app in web"))
