"""Makes the file system that both images begin with: Python, the libraries it needs, and nothing to install more with.

It runs in the builder, where Debian's packages are installed. Of those that are named, and of those they depend on, all
files are copied, documentation aside; what Debian's scripts would have made (certificates, users, the libraries' cache)
is added. The list of packages stays where scanners look for it, /var/lib/dpkg/status.

    python3 rootfs.py /rootfs python3 ca-certificates tzdata
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

USER = 65532
STATUS = Path("/var/lib/dpkg/status")
LEFT_OUT = {"debconf", "dpkg", "libdebconfclient0", "mawk", "media-types", "openssl"}
"""What serves Debian's own scripts, or a desktop."""
NOT_NEEDED = re.compile(
    r"/usr/s?bin/(?!python3(\.\d+)?$)"  # of programs Python alone
    r"|/usr/lib/python3[^/]*/(ensurepip|idlelib|pydoc_data|test|tkinter|turtledemo|__pycache__)"
    r"|/usr/lib/python3/dist-packages/."
    r"|/usr/lib/[^/]*/gconv|/usr/lib/(binfmt.d|mime|valgrind)"
    r"|/usr/share/(?!common-licenses|doc|zoneinfo)[^/]+|/usr/share/doc/[^/]+/(?!copyright$)|/usr/share/zoneinfo/(right|posix)"
    r"|/etc/(update-motd.d|skel|profile.d|ca-certificates)"
)


def packages() -> dict[str, dict[str, str]]:
    """Name -> fields of every installed package."""
    found = {}
    for stanza in STATUS.read_text().strip().split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): ?(.*(?:\n .*)*)", stanza, re.MULTILINE))
        found[fields["Package"]] = {**fields, "": stanza}
    return found


def closure(named: list[str], known: dict[str, dict[str, str]]) -> list[str]:
    """The named packages and all they depend on, of alternatives the installed one."""
    chosen: list[str] = []
    waiting = list(named)
    while waiting:
        name = waiting.pop()
        if name in chosen or name in LEFT_OUT:
            continue
        chosen.append(name)
        needs = ",".join(filter(None, (known[name].get("Depends"), known[name].get("Pre-Depends"))))
        for need in filter(None, needs.split(",")):
            names = [re.split(r"[\s:(]", each.strip())[0] for each in need.split("|")]
            waiting += [each for each in names if each in known][:1]
    return sorted(chosen)


def copy(name: str, fields: dict[str, str], root: Path) -> None:
    """All files of a package under ``root``, with their times and modes; nobody gets another one's rights."""
    full = f"{name}:{fields['Architecture']}" if fields.get("Multi-Arch") == "same" else name
    listed = subprocess.run(
        ["/usr/bin/dpkg-query", "--listfiles", full], check=True, capture_output=True, text=True
    ).stdout
    for line in listed.splitlines():
        source = Path(line)
        target = root / line.lstrip("/")
        if line == "/." or NOT_NEEDED.match(line) or not (source.is_symlink() or source.exists()):
            continue
        if source.is_dir() and not source.is_symlink():
            target.mkdir(parents=True, exist_ok=True)
            target.chmod(0o755)
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def finish(root: Path) -> None:
    """What packages do not ship as files: users, certificates, our folders."""
    line = f"logferry:x:{USER}:{USER}:logferry:/var/lib/logferry:/usr/sbin/nologin\n"
    (root / "etc/passwd").write_text(f"root:x:0:0:root:/root:/usr/sbin/nologin\n{line}")
    (root / "etc/group").write_text(f"root:x:0:\nlogferry:x:{USER}:\n")
    (root / "etc/nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files dns\nservices: files\n")
    certificates = root / "etc/ssl/certs/ca-certificates.crt"
    certificates.parent.mkdir(parents=True, exist_ok=True)
    bundle = sorted(Path("/usr/share/ca-certificates/mozilla").glob("*.crt"))
    certificates.write_text("".join(each.read_text() for each in bundle))
    (root / "usr/lib/ssl").mkdir(exist_ok=True)
    (root / "usr/lib/ssl/cert.pem").symlink_to("/etc/ssl/certs/ca-certificates.crt")
    (root / "etc/logferry").mkdir()
    (root / "etc/logferry/logferry.yaml").write_text("# Mount your settings here. Without any, defaults hold.\n")
    (root / "tmp").mkdir(exist_ok=True)
    (root / "tmp").chmod(0o1777)
    state = root / "var/lib/logferry"
    state.mkdir(parents=True)
    state.chmod(0o750)
    shutil.chown(state, USER, USER)
    subprocess.run(["/usr/sbin/ldconfig", "-r", root], check=True)
    shutil.rmtree(root / "var/cache/ldconfig", ignore_errors=True)


def main() -> None:
    """See above."""
    root, known = Path(sys.argv[1]), packages()
    chosen = closure(["base-files", *sys.argv[2:]], known)
    root.mkdir()
    for name in chosen:
        copy(name, known[name], root)
    (root / "var/lib/dpkg").mkdir(parents=True, exist_ok=True)
    (root / "var/lib/dpkg/status").write_text("".join(f"{known[name]['']}\n\n" for name in chosen))
    finish(root)


if __name__ == "__main__":
    main()
