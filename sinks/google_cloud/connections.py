"""HTTP connections, straight or through the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY)."""

from __future__ import annotations

import threading
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

_NEVER_BY_PROXY: Final = frozenset({"metadata.google.internal", "metadata", "169.254.169.254"})
"""Where a machine asks for its own token."""


class Connections:
    """Pools of connections with the same options; has the one function that google-auth asks of a pool, too."""

    def __init__(self, **options: Any) -> None:
        """``options``: of urllib3.PoolManager."""
        self._options = options
        self._pools: dict[str, urllib3.PoolManager] = {}
        """Address of a proxy, empty for none -> its pool."""
        self._lock = threading.Lock()

    def request(self, method: str, url: str, **options: Any) -> urllib3.BaseHTTPResponse:
        """Send a request. Raises urllib3's HTTPError."""
        return self._pool(proxy_of(url)).request(method, url, **options)

    def _pool(self, proxy: str) -> urllib3.PoolManager:
        with self._lock:
            found = self._pools.get(proxy)
            if found is None:
                found = self._pools[proxy] = self._through(proxy) if proxy else urllib3.PoolManager(**self._options)
            return found

    def _through(self, proxy: str) -> urllib3.ProxyManager:
        parts = urlsplit(proxy)
        names = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
        headers = urllib3.make_headers(proxy_basic_auth=names)
        return urllib3.ProxyManager(proxy, proxy_headers=headers, **self._options)

    def clear(self) -> None:
        """Let go of all connections."""
        with self._lock:
            for each in self._pools.values():
                each.clear()


def proxy_of(url: str) -> str:
    """The address of the proxy for an address; empty: none."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _NEVER_BY_PROXY or proxy_bypass(parts.netloc):
        return ""
    return getproxies().get(parts.scheme, "")
