"""What the images hold, and what they do not: judged on their file systems and by what Python says inside them."""

import json
import os
import re
import stat
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path
from urllib.parse import unquote

import pytest
from packaging.utils import canonicalize_name

from tests.deploy.image.locks import locked
from tests.tools.containers import USER, run
from tests.tools.images import ROOT, Image

LIMITS_MB = {"node": 130, "logferry": 450}
"""Upper bounds of all files together; docs/images.md has the same figures."""
NEVER_THERE = {
    *("sh", "bash", "dash", "busybox", "perl", "env"),  # shells and what finds them
    *("apt", "apt-get", "dpkg", "pip", "pip3", "uv"),  # installers
    *("gcc", "cc", "g++", "as", "ld", "make", "strip"),  # compilers
    *("su", "sudo", "mount", "passwd", "newgrp"),  # programs with rights of their own
}
SITE = "opt/logferry/lib/python3.13/site-packages"


@pytest.fixture(params=["node", "logferry"])
def image(request: pytest.FixtureRequest) -> Image:
    found: Image = request.getfixturevalue(request.param)
    return found


def entries(image: Image) -> Iterator[tuple[str, os.stat_result]]:
    """Every file, folder and link: its path inside the image, and its own status."""
    for folder, folders, files in os.walk(image.root):
        for name in (*folders, *files):
            path = Path(folder, name)
            yield str(path.relative_to(image.root)), path.lstat()


def packages_of_debian(image: Image) -> dict[str, str]:
    text = image.path("/var/lib/dpkg/status").read_text()
    return dict(re.findall(r"^Package: (.*)\n(?:.*\n)*?Version: (.*)", text, re.MULTILINE))


def packages_of_python(image: Image) -> dict[str, str]:
    found = distributions(path=[str(image.root / SITE)])
    return {canonicalize_name(each.metadata["Name"]): each.version for each in found}


def test_an_image_is_as_small_as_its_documentation_says(image: Image, capsys: pytest.CaptureFixture[str]) -> None:
    size = sum(status.st_size for _, status in entries(image) if stat.S_ISREG(status.st_mode)) / 1e6
    with capsys.disabled():
        sys.stdout.write(f"\nimage {image.target}: {size:.0f} MB, build {image.build_secs:.0f} s\n")
    assert size < LIMITS_MB[image.target]
    assert f"| `{image.target}` | {LIMITS_MB[image.target]} MB |" in (ROOT / "docs/images.md").read_text()


def test_there_is_no_shell_no_installer_and_no_compiler(image: Image) -> None:
    programs = {Path(path).name for path, status in entries(image) if status.st_mode & 0o111 and path.count("bin/")}
    assert programs & NEVER_THERE == set()
    assert {path.name for path in image.path("/usr/bin").iterdir()} == {"python3", "python3.13"}
    assert {path.name for path in image.path("/opt/logferry/bin").iterdir()} == {
        *("python", "python3", "python3.13", "logferry")
    }


def test_no_file_lends_rights_to_its_user(image: Image) -> None:
    lending = stat.S_ISUID | stat.S_ISGID
    assert [path for path, status in entries(image) if status.st_mode & lending] == []


def test_the_user_owns_its_state_folder_alone(image: Image) -> None:
    own = [path for path, status in entries(image) if status.st_uid == USER or status.st_gid == USER]
    assert own == ["var/lib/logferry"]
    open_to_all = [path for path, s in entries(image) if s.st_mode & 0o002 and not stat.S_ISLNK(s.st_mode)]
    assert open_to_all == ["tmp"]
    assert {status.st_uid for path, status in entries(image) if path not in own} == {0}


def test_every_module_is_compiled(image: Image) -> None:
    modules = [path for path, _ in entries(image) if path.endswith(".py") and path.startswith(("usr/lib", "opt"))]
    compiled = {path for path, _ in entries(image) if path.endswith(".cpython-313.pyc")}
    missing = [
        path for path in modules if f"{Path(path).parent}/__pycache__/{Path(path).stem}.cpython-313.pyc" not in compiled
    ]
    assert len(modules) > 1000
    assert missing == []


def test_what_is_installed_is_what_is_locked(image: Image) -> None:
    found = packages_of_python(image)
    assert found.pop("logferry")
    wanted = locked(image.target)
    assert {name: version for name, version in wanted.items() if name in found} == found
    assert {name for name in wanted if name not in found} <= {"colorama", "httpx2-jsfetch"}  # other systems' alone


def name_of(url: re.Match[str]) -> str:
    return canonicalize_name(url[2]) if url[1] == "pypi" else unquote(url[2])


def test_the_bill_of_materials_lists_what_is_installed(image: Image) -> None:
    bill = json.loads(image.path("/usr/share/sbom/logferry.cdx.json").read_text())
    urls = [each["purl"] for each in bill["components"]]
    parts = [re.fullmatch(r"pkg:(\w+)/(?:debian/)?([^@]+)@([^?]+)(?:\?.*)?", url) for url in urls]
    listed = {(each[1], name_of(each), unquote(each[3])) for each in parts if each}
    assert len(listed) == len(urls)
    debian = {("deb", name, version) for name, version in packages_of_debian(image).items()}
    python = {("pypi", name, version) for name, version in packages_of_python(image).items() if name != "logferry"}
    assert listed == debian | python
    assert bill["metadata"]["component"]["name"] == "logferry"


def test_it_says_how_it_is_run(image: Image) -> None:
    config = image.config
    told = {key: config.get(key) or None for key in ("User", "WorkingDir", "Entrypoint", "Cmd", "StopSignal")}
    assert told == {
        "User": "65532:65532",
        "WorkingDir": "/var/lib/logferry",
        "Entrypoint": ["logferry"],
        "Cmd": None,
        "StopSignal": "SIGTERM",
    }
    assert config["Healthcheck"]["Test"] == ["CMD", "logferry", "health"]
    assert image.environment.items() >= {
        ("PYTHONSAFEPATH", "1"),
        ("PYTHONUNBUFFERED", "1"),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("LOGFERRY_CONFIG", "/etc/logferry/logferry.yaml"),
    }
    labels = {name.removeprefix("org.opencontainers.image.") for name in config["Labels"]}
    assert labels >= {"title", "description", "version", "revision", "created", "licenses"}
    assert config["Labels"]["org.opencontainers.image.version"] == packages_of_python(image)["logferry"]


def test_both_images_share_the_layer_of_debian(node: Image, logferry: Image) -> None:
    assert node.layers[0] == logferry.layers[0]
    assert node.layers[1:] != logferry.layers[1:]


LIBRARIES = """
import ctypes, pathlib, sys
failed = {}
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.so*")):
    try:
        ctypes.CDLL(str(path))
    except OSError as error:
        failed[path.name] = str(error)
print(failed)
"""


def test_every_shared_library_finds_those_that_it_needs(image: Image, tmp_path: Path) -> None:
    status, output = run(image, "-c", LIBRARIES, f"/{SITE}", folder=tmp_path, entrypoint=["python"])
    assert (status, output) == (0, "{}\n")
