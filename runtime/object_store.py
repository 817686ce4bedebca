"""Object stores by their url: S3 and what is compatible, Google Cloud Storage, Azure, or a directory."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from runtime.kafka import read_file
from schemas.errors import SettingsError
from schemas.settings import TextOrSecret, resolve

CLIENT_OPTIONS: Final = frozenset(
    {"allow_http", "allow_invalid_certificates", "connect_timeout", "proxy_url", "timeout"}
)
"""Options of the connection (obstore's ClientConfig) that may stand among a sink's options."""


def open_store(address: str, options: Mapping[str, TextOrSecret]) -> ObjectStore:
    """The store at a url (``file:///folder``, ``s3://bucket/prefix``, …). Raises SettingsError."""
    url = urlsplit(address)
    values = {name: resolve(value, os.environ, read_file) for name, value in options.items()}
    try:
        if url.scheme == "file":
            Path(url.path).mkdir(parents=True, exist_ok=True)
            return LocalStore(url.path)
        # obstore takes what concerns the connection apart from what concerns the store.
        client = {name: values.pop(name) for name in CLIENT_OPTIONS & values.keys()}
        return from_url(address, client_options=client, **values)  # type: ignore[call-overload, no-any-return]
    except (BaseError, OSError, ValueError, TypeError) as error:
        raise SettingsError(
            f"the object store cannot be opened: {error}",
            where=f"url: {address}",
            remedy="check the url, that its folder may be written to, and the options",
        ) from error
