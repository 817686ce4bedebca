"""Property tests draw the same examples in every run of CI, whichever tests ran before in the same process.

Hypothesis also draws constants of the project's modules, as far as they are imported by then; so all are imported
first. A pytest plugin.
"""

import pkgutil
from importlib import import_module

from hypothesis import settings

PACKAGES = ("bench", "deploy", "producers", "runtime", "schemas", "sinks", "streams")


def pytest_collection_finish() -> None:
    if settings().derandomize:
        for package in PACKAGES:
            for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
                if not module.name.endswith("__main__"):
                    import_module(module.name)
