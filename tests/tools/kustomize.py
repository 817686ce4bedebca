"""Kustomize itself, and what it makes of a folder."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from tests.tools import go

VERSION: Final = "5.8.2"
"""5.8.3 requires a version of k8s.io/kube-openapi that the module proxy does not give out."""


class KustomizeError(AssertionError):
    """What kustomize said when it refused."""


def build(folder: Path) -> str:
    """The manifests of a base or an overlay, as one stream of YAML. Raises KustomizeError with its own words."""
    done = subprocess.run([_program(), "build", folder], check=False, capture_output=True, text=True, timeout=120)
    if done.returncode != 0 or done.stderr:
        raise KustomizeError(done.stderr)
    return done.stdout


@cache
def _program() -> Path:
    return go.program("sigs.k8s.io/kustomize/kustomize/v5", VERSION)
