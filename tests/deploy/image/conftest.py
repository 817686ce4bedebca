"""The two images, built from the Dockerfile as it stands."""

import pytest

from tests.tools.images import Image, image


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test that needs an image may have to build it, Debian's part included."""
    for item in items:
        if "tests/deploy/image" in str(item.path):
            item.add_marker(pytest.mark.timeout(900))


@pytest.fixture(scope="session")
def node() -> Image:
    return image("node")


@pytest.fixture(scope="session")
def logferry() -> Image:
    return image("logferry")
