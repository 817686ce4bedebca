"""Languages and servers whose records of several lines are recognised. One more is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streams.core.multiline.languages import cpp, dart, dotnet, go, java, node, php, python, ruby, rust, servers
from streams.core.multiline.rules import Language

LANGUAGES: Final[Mapping[str, Language]] = {
    "java": java.LANGUAGE,
    "python": python.LANGUAGE,
    "go": go.LANGUAGE,
    "node": node.LANGUAGE,
    "ruby": ruby.LANGUAGE,
    "dotnet": dotnet.LANGUAGE,
    "php": php.LANGUAGE,
    "rust": rust.LANGUAGE,
    "dart": dart.LANGUAGE,
    "cpp": cpp.LANGUAGE,
    "klog": servers.KLOG,
    "mysql": servers.MYSQL,
    "postgresql": servers.POSTGRESQL,
}
"""By the names that settings use (schemas.settings.multiline)."""
