"""promtool, built from the Go module proxy once for a machine: checks rules and runs their unit tests.

Prometheus' go.mod has replacements, which `go install` refuses; so a module of our own takes over its requirements and
replacements. Service discovery, of no use here and most of the code, is left out by Prometheus' own build tag.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.tools import go

VERSION = "0.314.0"
"""Of the module; Prometheus 3.14."""
MODULE = "github.com/prometheus/prometheus"


def promtool() -> Path:
    """The program, built where the cache has it not. Raises RuntimeError with Go's own words when it cannot be had."""
    return go.made(f"promtool-{VERSION}", _build) / "promtool"


def said(*arguments: str) -> tuple[int, str]:
    """Exit status and output of promtool."""
    done = subprocess.run([promtool(), *arguments], check=False, capture_output=True, text=True, timeout=600)
    return done.returncode, done.stdout + done.stderr


def _build(folder: Path) -> None:
    module = folder / "module"
    module.mkdir(parents=True)
    told = json.loads(go.run(["mod", "download", "-json", f"{MODULE}@v{VERSION}"], {}))
    (module / "go.mod").write_text(_module(json.loads(go.run(["mod", "edit", "-json", told["GoMod"]], {}))))
    flags = ["-tags=remove_all_sd", "-ldflags=-s -w", "-o", str(folder / "promtool")]
    go.run(["build", *flags, f"{MODULE}/cmd/promtool"], {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod"}, module)


def _module(told: dict[str, Any]) -> str:
    """``told``: Prometheus' go.mod, as ``go mod edit -json`` has it."""
    return "\n".join(
        [
            "module promtool",
            f"go {told['Go']}",
            f"require {MODULE} v{VERSION}",
            *(f"require {each['Path']} {each['Version']}" for each in told["Require"]),
            *(f"replace {_place(each['Old'])} => {_place(each['New'])}" for each in told.get("Replace") or ()),
            *(f"exclude {each['Path']} {each['Version']}" for each in told.get("Exclude") or ()),
            "",
        ]
    )


def _place(module: dict[str, str]) -> str:
    return f"{module['Path']} {module.get('Version', '')}".strip()
