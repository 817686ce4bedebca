"""Object stores by their url: S3 and what is compatible, Google Cloud Storage, Azure, or a directory."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from obstore.exceptions import BaseError, UnknownConfigurationKeyError
from obstore.store import LocalStore, ObjectStore, from_url

from runtime.kafka import read_file
from schemas.errors import SettingsError
from schemas.settings import TextOrSecret, resolve
from schemas.settings.parts import nearest

if TYPE_CHECKING:
    from obstore.store import RetryConfig

CLIENT_OPTIONS: Final = frozenset(
    {
        "allow_http", "allow_invalid_certificates", "connect_timeout", "http1_only", "http2_only",
        "pool_idle_timeout", "pool_max_idle_per_host", "proxy_ca_certificate", "proxy_excludes", "proxy_url",
        "read_timeout", "root_certificate", "timeout", "user_agent",
    }
)  # fmt: skip
"""Options of the connection (obstore's ClientConfig) that may stand among a sink's options."""
STORE_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "s3": (
        "access_key_id", "checksum_algorithm", "conditional_put", "container_credentials_relative_uri",
        "copy_if_not_exists", "default_region", "disable_bulk_delete", "disable_tagging", "endpoint",
        "imdsv1_fallback", "metadata_endpoint", "region", "request_payer", "role_arn", "role_session_name",
        "s3_express", "secret_access_key", "server_side_encryption", "session_token", "skip_signature",
        "sse_bucket_key_enabled", "sse_customer_key_base64", "sse_kms_key_id", "unsigned_payload",
        "virtual_hosted_style_request", "web_identity_token_file",
    ),
    "gs": (
        "application_credentials", "base_url", "bearer_token", "service_account", "service_account_key",
        "skip_signature",
    ),
    "az": (
        "account_key", "account_name", "authority_host", "client_id", "client_secret", "disable_tagging", "endpoint",
        "federated_token_file", "msi_endpoint", "msi_resource_id", "object_id", "sas_key", "skip_signature",
        "tenant_id", "token", "use_azure_cli", "use_emulator", "use_fabric_endpoint",
    ),
}  # fmt: skip
"""Options of each kind of store, as obstore knows them; they are checked there."""
RETRIES: Final[RetryConfig] = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
"""Of the client itself; by default it says nothing for three minutes. Who uses a store tries again, and says so."""


def open_store(address: str, options: Mapping[str, TextOrSecret], *, create: bool = False) -> ObjectStore:
    """The store at a url (``file:///folder``, ``s3://bucket/prefix``, …). Raises SettingsError.

    ``create``: a folder is made where there is none, as who writes wants it; who reads would only hide a slip.
    """
    url = urlsplit(address)
    values = {name: resolve(value, os.environ, read_file) for name, value in options.items()}
    try:
        if url.scheme == "file":
            if values:
                raise ValueError("a folder takes no options")
            return _folder(Path(url.path), create=create)
        # obstore takes what concerns the connection apart from what concerns the store.
        client = {name: values.pop(name) for name in CLIENT_OPTIONS & values.keys()}
        return from_url(address, client_options=client, retry_config=RETRIES, **values)  # type: ignore[call-overload, no-any-return]
    except UnknownConfigurationKeyError as error:
        raise _unknown_option(address, url.scheme, values) from error
    except (BaseError, OSError, ValueError, TypeError) as error:
        raise SettingsError(
            f"the object store cannot be opened: {str(error).partition('Debug source')[0].strip()}",
            where=f"url: {address}",
            remedy="check the url, that its folder may be written to, and the options",
        ) from error


def _folder(path: Path, *, create: bool) -> LocalStore:
    if create:
        path.mkdir(parents=True, exist_ok=True)
    elif not path.is_dir():
        raise SettingsError(
            "there is no such folder",
            where=f"url: file://{path}",
            remedy="check the url; the sink makes the folder when it first runs, on the machine where it runs",
        )
    return LocalStore(path)


def _unknown_option(address: str, scheme: str, given: Iterable[str]) -> SettingsError:
    known = (*STORE_OPTIONS.get(scheme, ()), *sorted(CLIENT_OPTIONS))
    unknown = next((name for name in given if name not in known), "one of them")
    meant = nearest(unknown, known)
    return SettingsError(
        f"the object store has no option {unknown}",
        where=f"options of {address}",
        remedy=(f"did you mean {meant}? " if meant else "") + f"Options are {', '.join(known)}",
    )
