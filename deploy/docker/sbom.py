"""Adds Debian's packages to a CycloneDX list of Python packages, and judges the whole by the format's own schema.

python sbom.py python.cdx.json /rootfs/var/lib/dpkg/status logferry.cdx.json
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL


def release() -> str:
    """What scanners call this Debian: debian-13."""
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)', Path("/etc/os-release").read_text(), re.MULTILINE))
    return f"{fields['ID']}-{fields['VERSION_ID']}"


def component(stanza: str, distribution: str) -> dict[str, Any]:
    """A package of dpkg's status file."""
    fields = dict(re.findall(r"^([\w-]+): (.*)", stanza, re.MULTILINE))
    name, version, architecture = fields["Package"], fields["Version"], fields["Architecture"]
    url = PackageURL("deb", "debian", name, version, {"arch": architecture, "distro": distribution}).to_string()
    source = fields.get("Source", name)
    return {
        "bom-ref": url,
        "type": "library",
        "name": name,
        "version": version,
        "purl": url,
        "supplier": {"name": "Debian"},
        "properties": [{"name": "debian:source", "value": source}],
    }


def main() -> None:
    """See above."""
    python, status, target = map(Path, sys.argv[1:])
    bill = json.loads(python.read_text())
    stanzas = status.read_text().strip().split("\n\n")
    bill["components"] += [component(stanza, release()) for stanza in stanzas]
    text = json.dumps(bill, indent=1, sort_keys=True)
    problem = JsonStrictValidator(SchemaVersion.from_version(bill["specVersion"])).validate_str(text)
    if problem is not None:
        sys.exit(f"the bill of materials does not follow CycloneDX {bill['specVersion']}: {problem}")
    target.parent.mkdir(parents=True)
    target.write_text(text)


if __name__ == "__main__":
    main()
