"""The lists of Python packages that the images are built from."""

import re

from packaging.utils import canonicalize_name

from tests.tools.images import ROOT

FOLDER = ROOT / "deploy/docker/requirements"


def locked(name: str) -> dict[str, str]:
    """Package -> version in a list: node, logferry or build."""
    found = re.findall(r"^([\w.-]+)==([^ ;\\]+)", (FOLDER / f"{name}.txt").read_text(), re.MULTILINE)
    return {canonicalize_name(package): version for package, version in found}
