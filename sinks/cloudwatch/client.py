"""Clients of CloudWatch Logs, and the credentials they sign with."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, NoCredentialsError, NoRegionError, ProfileNotFound
from botocore.session import Session

from runtime.kafka import read_file
from schemas.errors import SettingsError, TemporaryError
from schemas.settings import resolve

if TYPE_CHECKING:
    from schemas.settings.sinks.cloudwatch import CloudwatchSink

_CONNECT_SECS: Final = 10.0
_MAKING_ATTEMPTS: Final = 5
"""Making groups and streams is limited to some dozens a second, so that these calls are tried again at once."""

NO_CREDENTIALS: Final = (
    "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give the service account a role, or write profile"
)


class Clients(NamedTuple):
    """Clients of the service."""

    putting: Any
    """Without attempts of its own: the sink tries again by itself, and loudly."""
    making: Any
    """For log groups and streams."""

    def close(self) -> None:
        """Let go of connections."""
        self.putting.close()
        self.making.close()


def connect(settings: CloudwatchSink) -> Clients:
    """Clients for the sink. Raises SettingsError, and TemporaryError while there are no credentials."""
    try:
        session = Session(profile=settings.profile) if settings.role_arn else _session(settings)
        if settings.role_arn:
            session.get_component("credential_provider").providers.insert(0, _AssumedRole(settings))
        if session.get_credentials() is None:
            raise TemporaryError("there are no AWS credentials", delay=1.0, remedy=NO_CREDENTIALS)
        create = partial(
            session.create_client,
            "logs",
            region_name=settings.region,
            endpoint_url=settings.endpoint_url,
            verify=settings.ca_file,
        )
        return Clients(create(config=_config(settings, 1)), create(config=_config(settings, _MAKING_ATTEMPTS)))
    except NoRegionError as error:
        raise SettingsError(
            "nothing says which AWS region the sink writes to", remedy="write region, for example eu-central-1"
        ) from error
    except ProfileNotFound as error:
        raise SettingsError(str(error), remedy="choose a profile of ~/.aws/config, or leave profile out") from error
    except BotoCoreError as error:
        raise TemporaryError(f"no AWS credentials can be had: {error}", delay=1.0, remedy=NO_CREDENTIALS) from error


def _session(settings: CloudwatchSink) -> Session:
    session = Session(profile=settings.profile)
    if settings.access_key_id and settings.secret_access_key:
        pair = (resolve(each, os.environ, read_file) for each in (settings.access_key_id, settings.secret_access_key))
        session.set_credentials(*pair)
    return session


def _config(settings: CloudwatchSink, attempts: int) -> Config:
    return Config(
        connect_timeout=min(_CONNECT_SECS, settings.request_timeout_secs),
        read_timeout=settings.request_timeout_secs,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=settings.requests_in_flight * settings.streams_in_flight,
        parameter_validation=False,  # names and sizes are made to fit, and the service says what does not
        user_agent_extra="logferry",
    )


class _AssumedRole(CredentialProvider):  # type: ignore[misc]  # botocore has no types
    """Credentials of a role, assumed with those that are found otherwise, and again before they expire."""

    METHOD = "assume-role"

    def __init__(self, settings: CloudwatchSink) -> None:
        super().__init__()
        self._settings = settings

    def load(self) -> DeferredRefreshableCredentials:
        """As botocore asks for."""
        return DeferredRefreshableCredentials(self._fetch, self.METHOD)

    def _fetch(self) -> dict[str, Any]:
        settings = self._settings
        session = _session(settings)
        own = session.get_credentials()
        if own is None:
            raise NoCredentialsError
        extra = {"RoleSessionName": "logferry"}
        if settings.external_id:
            extra["ExternalId"] = settings.external_id
        creator = partial(session.create_client, region_name=settings.region, verify=settings.ca_file)
        fetcher = AssumeRoleCredentialFetcher(creator, own, settings.role_arn, extra_args=extra)
        found: dict[str, Any] = fetcher.fetch_credentials()
        return found
