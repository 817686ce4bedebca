"""Takes away what stages never open, then compiles: the root is read-only, so Python could not do it later.

    python3 trim.py /opt/logferry

Of programs that packages bring, Python alone stays; ours comes with our wheel.

Compiled files hold a hash of nothing and are not checked against their source, so that two builds give the same bytes.
"""

from __future__ import annotations

import compileall
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

SERVICES = {"logs", "signin", "sso", "sso-oidc", "sts"}
"""Of AWS's services the one we speak to, and those that credentials come from."""


def remove(path: Path) -> None:
    """A file or a folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def trim(packages: Path, patterns: list[str]) -> None:
    """Patterns that match nothing end the build: a package was renamed or has changed."""
    for pattern in patterns:
        found = sorted(packages.glob(pattern))
        if not found and (packages / pattern.partition("/")[0]).exists():
            sys.exit(f"{pattern}: there is nothing like that any more; take it out of trim.txt")
        for path in found:
            remove(path)
    for path in (packages / "botocore/data").glob("*/"):
        if path.name not in SERVICES:
            remove(path)


def strip(packages: Path) -> None:
    """Debugging symbols of extension modules. Bundled libraries (*.libs), rewritten by auditwheel, stay as they are."""
    modules = [path for path in packages.rglob("*.so") if not path.parent.name.endswith(".libs")]
    for module in modules:
        subprocess.run(["/usr/bin/strip", "--strip-debug", module], check=True)


def main() -> None:
    """See above."""
    environment = Path(sys.argv[1])
    (packages,) = environment.glob("lib/python*/site-packages")
    for path in (environment / ".lock", *(environment / "bin").iterdir()):
        if path.exists() and not path.name.startswith("python"):
            remove(path)
    lines = Path(__file__).with_name("trim.txt").read_text().splitlines()
    trim(packages, [line for line in lines if line and not line.startswith("#")])
    strip(packages)
    unchecked = py_compile.PycInvalidationMode.UNCHECKED_HASH
    if not compileall.compile_dir(packages, quiet=1, workers=0, invalidation_mode=unchecked):
        sys.exit(f"not everything in {packages} can be compiled")


if __name__ == "__main__":
    main()
