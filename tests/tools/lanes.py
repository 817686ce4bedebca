"""Which tests go one after the other when several workers share them: `pytest --numprocesses 2`.

What waits for whole pipelines is one lane, which begins first: it takes half of the time and little of the processors,
and two pipelines at once would be slower than their own time limits on two cores. Tests that share servers of their
folder are a lane as well. Every other file is one by itself. A worker has its own Kafka and Elasticsearch.
"""

from collections.abc import Generator
from pathlib import PurePosixPath

import pytest
from xdist.scheduler import LoadScopeScheduling

WHOLE_PIPELINES = "pipelines"
FOLDERS = {
    "tests/e2e": WHOLE_PIPELINES,
    "tests/faults": WHOLE_PIPELINES,
    "tests/peers": WHOLE_PIPELINES,
    "tests/secured": "secured",
    "tests/deploy/image": "images",
    "tests/deploy/kubernetes": "kubernetes",
    "tests/deploy/local": "local stacks",
}
FILES = {"tests/producers/pods/test_real_apiserver.py": "kubernetes"}


def lane(nodeid: str) -> str:
    """The lane of a test."""
    file = nodeid.partition("::")[0]
    return FILES.get(file) or FOLDERS.get(str(PurePosixPath(file).parent), file)


class Lanes(LoadScopeScheduling):
    """A lane is taken by one worker, from its first test to its last."""

    def _split_scope(self, nodeid: str) -> str:
        return lane(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Lanes:
    config.option.loadscopereorder = False  # the number of tests of a lane says nothing about its time
    return Lanes(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: lane(item.nodeid) != WHOLE_PIPELINES)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Workers tell UTF-8 only, and some tests log what is none."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report
