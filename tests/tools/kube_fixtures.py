"""One real API server for the whole session (marker `apiserver`)."""

import time
from collections.abc import Iterator

import pytest

from tests.tools.crds import crds
from tests.tools.kube_apiserver import KubeApiserver
from tests.tools.kube_objects import KubeObjects

READY_SECS = 60.0
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@pytest.fixture(scope="session")
def apiserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeApiserver]:
    with KubeApiserver(tmp_path_factory.mktemp("apiserver")) as server:
        yield server


@pytest.fixture(scope="session")
def objects(apiserver: KubeApiserver) -> KubeObjects:
    """As administrator."""
    return KubeObjects(apiserver.admin)


@pytest.fixture(scope="session")
def definitions(objects: KubeObjects) -> int:
    """The custom resources of all operators that our charts make objects for; their number."""
    wanted = crds()
    for each in wanted:
        objects.create(each, "")
    deadline = time.monotonic() + READY_SECS
    while not all(map(_is_served, objects.api.ask("GET", DEFINITIONS)["items"])):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return len(wanted)


def _is_served(definition: dict[str, object]) -> bool:
    status = definition["status"]
    assert isinstance(status, dict)
    conditions = {each["type"]: each["status"] for each in status.get("conditions") or []}
    return conditions.get("Established") == "True"
