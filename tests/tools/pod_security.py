"""The Pod Security Standard ``restricted``, by the code that the API server's own admission runs.

A small program over the module k8s.io/pod-security-admission, built once for a machine.
"""

import hashlib
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.tools import go

VERSION: Final = "0.36.3"
SOURCE: Final = Path(__file__).with_name("pod_security") / "main.go"
MODULE: Final = f"""module restricted

go 1.26.0

require (
\tk8s.io/api v{VERSION}
\tk8s.io/pod-security-admission v{VERSION}
)
"""


def violations(templates: list[dict[str, Any]]) -> list[dict[str, str]]:
    """What of each pod template (metadata, spec) is against restricted: reason to detail, in Kubernetes' words."""
    done = subprocess.run(
        [_program()], check=True, input=json.dumps(templates), capture_output=True, text=True, timeout=60
    )
    return [{each["reason"]: each["detail"] for each in found} for found in json.loads(done.stdout)]


@cache
def _program() -> Path:
    mark = hashlib.sha256(SOURCE.read_bytes() + MODULE.encode()).hexdigest()[:12]
    return go.made(f"restricted-{VERSION}-{mark}", _build) / "restricted"


def _build(folder: Path) -> None:
    module = folder / "module"
    module.mkdir(parents=True)
    (module / "go.mod").write_text(MODULE)
    shutil.copy(SOURCE, module / "main.go")
    environment = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}
    go.run(["build", "-ldflags=-s -w", "-o", str(folder / "restricted"), "."], environment, module)
