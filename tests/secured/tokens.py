"""A token endpoint for tests: the grant "client credentials" of OAuth 2.0 (RFC 6749, section 4.4).

It gives JWTs (RFC 7519) signed with RS256, and the keys to check them by (RFC 7517).
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

ISSUER = "https://login.example"
AUDIENCE = "kafka"
CLIENT_ID = "logferry"


class TokenEndpoint:
    """An HTTP server on loopback, with TLS where a certificate is given; may be stopped and started again."""

    def __init__(self, secret: str, tls: tuple[Path, Path] | None = None) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._secret = secret
        self._tls = tls
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.grants = 0
        """Tokens given out."""
        self.lifetime_secs = 300
        self.start()

    @property
    def url(self) -> str:
        """Where clients ask for tokens."""
        return f"{self._base}/token"

    @property
    def keys_url(self) -> str:
        """Where brokers find the keys."""
        return f"{self._base}/keys"

    @property
    def _base(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        endpoint = self

        class Requests(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(200, endpoint.keys())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                self._answer(*endpoint.grant(self.headers.get("authorization", ""), body))

            def _answer(self, status: int, value: dict[str, Any]) -> None:
                content = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """A client that does not trust us is the client's matter."""

        self._server = Server(("127.0.0.1", self._port), Requests)
        self._port = self._server.server_address[1]
        if self._tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._tls)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def keys(self) -> dict[str, Any]:
        """The public key as a JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        exponent, modulus = (_text(each.to_bytes((each.bit_length() + 7) // 8)) for each in (numbers.e, numbers.n))
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": modulus, "e": exponent}]}

    def grant(self, authorization: str, body: str) -> tuple[int, dict[str, Any]]:
        """Status and answer to a request for a token."""
        form = parse_qs(body)
        if form.get("grant_type") != ["client_credentials"]:
            return 400, {"error": "unsupported_grant_type"}
        scheme, _, encoded = authorization.partition(" ")
        client, _, secret = base64.b64decode(encoded).decode().partition(":")
        if (scheme, client, secret) != ("Basic", CLIENT_ID, self._secret):
            return 401, {"error": "invalid_client", "error_description": "wrong client or secret"}
        self.grants += 1
        token = self.token(form.get("scope", [""])[0])
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.lifetime_secs}

    def token(self, scope: str) -> str:
        """A signed token that is valid from now on."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": CLIENT_ID,
            "scope": scope,
            "iat": now,
            "exp": now + self.lifetime_secs,
        }
        head = {"alg": "RS256", "typ": "JWT", "kid": "1"}
        signed = ".".join(_text(json.dumps(part).encode()) for part in (head, claims))
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_text(signature)}"


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
