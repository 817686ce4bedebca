"""Reading a body: decompressed on the way, and never more of it in memory than allowed."""

from __future__ import annotations

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from producers.core.http.bodies import DamagedError, Decompression
from producers.core.http.refusals import Refusal, refusal
from producers.core.http.requests import Upload


class Budget:
    """Bytes that all bodies together may hold."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.held = 0

    def has(self, count: int) -> bool:
        """Whether so many are free."""
        return self.held + count <= self._limit


class Share:
    """What one body holds of a budget; given back once."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = 0

    def take(self, count: int) -> bool:
        """Whether so many bytes more were free; they are held now."""
        if not self._budget.has(count):
            return False
        self._budget.held += count
        self._held += count
        return True

    def pass_on(self) -> Share:
        """The same share in other hands; this one holds nothing any more."""
        other = Share(self._budget)
        other._held, self._held = self._held, 0
        return other

    def give_back(self) -> None:
        """Free what is held."""
        self._budget.held -= self._held
        self._held = 0


async def read_body(request: web.BaseRequest, upload: Upload, share: Share, max_bytes: int) -> bytes | Refusal:
    """All of a body, without its compression. Raises ConnectionError when the client has gone."""
    if upload.awaits_continue:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # the answer itself has not begun
    try:
        return await _read(request, upload, share, max_bytes)
    except DamagedError as error:
        return refusal("damaged", problem=f"the compressed body is damaged or cut off: {error}")
    except ConnectionError:
        raise
    except (web.RequestPayloadError, HttpProcessingError):
        return refusal("cut_off")


async def _read(request: web.BaseRequest, upload: Upload, share: Share, max_bytes: int) -> bytes | Refusal:
    too_large = refusal("too_large", problem=f"the body is too large: it may have {max_bytes} bytes")
    decompression = Decompression(upload.coding)
    pieces: list[bytes] = []
    received = size = 0
    async for compressed in request.content.iter_any():
        received += len(compressed)
        if received > max_bytes:
            return too_large
        for piece in decompression.feed(compressed):
            size += len(piece)
            if size > max_bytes:
                return too_large
            if not share.take(len(piece)):
                return refusal("pressed")
            pieces.append(piece)
    decompression.end()
    return b"".join(pieces)
