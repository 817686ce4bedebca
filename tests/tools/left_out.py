"""Tests against a real Kubernetes API server run where it has been built; elsewhere the suite says what it left out.

A pytest plugin for the marker `apiserver`. `-m apiserver` builds the server first.
"""

import re
from typing import Any

import pytest

from tests.tools import apiserver_build

MARK = "apiserver"
REMEDY = """\
`scripts/test -m apiserver` builds it from the Go module proxy (Go and the network are needed; 6 to 15 minutes on two
cores, once for a machine) and runs these tests (about 90 s). From then on they run with all others."""

_left = pytest.StashKey[tuple[int, str]]()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker(MARK)]
    if not marked or _are_asked_for(config):
        return
    if _are_refused(config):
        config.stash[_left] = (len(marked), f"-m '{config.option.markexpr}' says so.")
    elif not apiserver_build.is_built():
        why = f"kube-apiserver {apiserver_build.VERSION} has not been built here: there is no {apiserver_build.place()}"
        config.stash[_left] = (len(marked), why)
        config.hook.pytest_deselected(items=marked)
        items[:] = [item for item in items if not item.get_closest_marker(MARK)]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build outside of any test, whose time is limited."""
    is_needed = any(item.get_closest_marker(MARK) for item in session.items)
    if is_needed and not session.config.option.collectonly and not apiserver_build.is_built():
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(
                f"building kube-apiserver {apiserver_build.VERSION}: 6 to 15 minutes on two cores, once"
            )
        try:
            apiserver_build.kube_apiserver()
        except RuntimeError as error:
            raise pytest.UsageError(f"kube-apiserver could not be built: {error}") from error


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker tells what it left out to the process that has the terminal."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[MARK] = session.config.stash.get(_left, None)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    told = getattr(node, "workeroutput", {}).get(MARK)
    if told:
        node.config.stash[_left] = told


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if _left not in config.stash:
        return
    number, why = config.stash[_left]
    terminalreporter.section(f"LEFT OUT: {number} tests against a real Kubernetes API server", yellow=True, bold=True)
    terminalreporter.write_line(f"{why}\n{REMEDY}", yellow=True)


def _are_refused(config: pytest.Config) -> bool:
    return bool(re.search(rf"\bnot\s+{MARK}\b", config.option.markexpr))


def _are_asked_for(config: pytest.Config) -> bool:
    return bool(re.search(rf"\b{MARK}\b", config.option.markexpr)) and not _are_refused(config)
