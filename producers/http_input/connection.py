"""One connection: aiohttp's, told to be quiet about bad input and to say when it is over."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web

_log = logging.getLogger(__name__)


class Connection(web.RequestHandler):
    """Bytes to requests and back. aiohttp logs a traceback for every request that is no HTTP; this counts it."""

    __slots__ = ("_refuse", "_when_closed")

    def __init__(
        self,
        server: web.Server,
        when_closed: Callable[[], None],
        refuse: Callable[[str], web.Response],
        **options: Any,
    ) -> None:
        super().__init__(server, **options)
        self._when_closed = when_closed
        self._refuse = refuse

    def connection_lost(self, exc: BaseException | None) -> None:
        """The connection has ended, by whichever side."""
        super().connection_lost(exc)
        self._when_closed()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - aiohttp's signature
    ) -> web.StreamResponse:
        """The answer where there is no request, or where answering it failed."""
        if status >= 500:
            _log.error("answering a request failed", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("the answer had begun")
        response = self._refuse("failed" if status >= 500 else "unreadable")
        response.force_close()
        return response
