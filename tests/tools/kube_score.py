"""kube-score: what it calls critical about manifests."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

from tests.tools import go, kubeconform

VERSION: Final = "1.20.0"
CRITICAL: Final = 1
"""Its grades: 1 critical, 5 warning, 7 almost, 10 good."""


def criticals(manifests: str) -> list[tuple[str, str, str]]:
    """("Deployment/x", check, what it says and of which container) for each finding that is critical."""
    kubernetes = ".".join(kubeconform.KUBERNETES.split(".")[:2])
    options = ["--output-format", "json", "--kubernetes-version", f"v{kubernetes}"]
    options += ["--disable-ignore-checks-annotations"]  # reasons stand in the tests' table, not in the manifests
    done = subprocess.run(
        [_program(), "score", *options, "-"],
        check=False,
        input=manifests,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if not done.stdout.startswith(("[", "null")):  # null: nothing that it could score
        raise RuntimeError(f"kube-score failed:\n{done.stdout}{done.stderr}")
    return [
        (f"{scored['type_meta']['kind']}/{scored['object_meta']['name']}", each["check"]["id"], _said(comment))
        for scored in json.loads(done.stdout) or []
        for each in scored["checks"]
        if each["grade"] == CRITICAL and not each["skipped"]
        for comment in each["comments"] or [{}]
    ]


def _said(comment: dict[str, str]) -> str:
    return f"{comment.get('path', '')}: {comment.get('summary', '')}".removeprefix(": ")


@cache
def _program() -> Path:
    return go.program("github.com/zegl/kube-score/cmd/kube-score", VERSION)
