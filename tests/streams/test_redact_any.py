"""No secret survives in any text, JSON or bytes; a second time changes nothing; any input takes linear time."""

import json
import re
import time
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.streams.redacting import ALL, redactor


def luhn(digits: str) -> str:
    total = sum(sum(divmod(int(each) * (2 - number % 2), 10)) for number, each in enumerate(reversed(digits)))
    return digits + str(-total % 10)


WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=3, max_size=12)
EMAILS = st.builds("{}@{}.example".format, WORD, WORD)
CARDS = st.text("0123456789", min_size=14, max_size=14).map(lambda digits: luhn("4" + digits))
GROUPED = st.builds(lambda card, by: by.join(re.findall("....", card)), CARDS, st.sampled_from("- "))
IPS = st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str)
TOKENS = st.builds(
    "".join,
    st.tuples(st.sampled_from(["ghp_", "sk_live_", "xoxb-", "glpat-"]), st.text("aB3", min_size=30, max_size=40)),
)
SECRETS = EMAILS | CARDS | GROUPED | IPS | TOKENS
AROUND = st.sampled_from(["", " ", "x ", '"', "\n", "\t", "é ", "\\", "(", "<", "'", ", ", "\u2028"])


@st.composite
def hidden(draw: st.DrawFn) -> tuple[str, str]:
    """A text with a secret in it, and the secret."""
    secret = draw(SECRETS)
    if ":" in secret or secret.replace(".", "").isdigit():
        assume(not _is_plain(secret))
    return draw(AROUND) + secret + draw(AROUND.map(lambda text: text[::-1])), secret


def _is_plain(secret: str) -> bool:
    """Whether an address is one that is left as it is."""
    try:
        address = IPv6Address(secret) if ":" in secret else IPv4Address(secret)
    except ValueError:
        return False
    letters_only = ":" in secret and secret.count(":") < 4 and not any(map(str.isdigit, secret))
    return address.is_loopback or address.is_unspecified or letters_only


def escaped(draw: st.DrawFn, text: str) -> str:
    """A JSON string with some of its characters as escapes."""
    pieces = []
    for each in text:
        plain = json.dumps(each, ensure_ascii=False)[1:-1]
        pieces.append(draw(st.sampled_from([plain, plain, f"\\u{ord(each):04x}", f"\\u{ord(each):04X}"])))
    return '"' + "".join(pieces) + '"'


class Writing:
    """JSON that is written with secrets anywhere in it."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.secrets: list[str] = []

    def string(self) -> str:
        text, secret = self.draw(hidden())
        self.secrets.append(secret)
        if self.draw(st.integers(0, 3)) == 0:
            text = json.dumps({"inner": text})
        return escaped(self.draw, text)

    def plain(self) -> str:
        return self.draw(st.sampled_from(["1", "-2.50", "true", "null", '"x"', "{}", "[]"]))

    def number(self) -> str:
        self.secrets.append(self.draw(CARDS))
        return self.secrets[-1]

    def value(self, depth: int) -> str:
        leaf = self.draw(st.sampled_from([self.string, self.plain, self.number, None, None][: 3 if depth > 2 else 5]))
        if leaf is not None:
            return leaf()
        if self.draw(st.booleans()):
            return "[" + " ,".join(self.value(depth + 1) for _ in range(self.draw(st.integers(0, 3)))) + "]"
        return self.members(depth)

    def members(self, depth: int) -> str:
        key = self.draw(st.sampled_from(['"a"', '"b"', None]))
        pairs = [f"{key or self.string()} : {self.value(depth + 1)}" for _ in range(self.draw(st.integers(1, 3)))]
        return "{" + ",".join(pairs) + "}"


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[str]]:
    """JSON with secrets anywhere in it, and the secrets."""
    writing = Writing(draw)
    return writing.members(0), writing.secrets


def opened(text: str) -> str:
    """Everything that a JSON text says, also in texts that are JSON again, keys that stand twice included."""
    said: list[str] = []

    def told(value: Any) -> None:
        if isinstance(value, str):
            said.append(value)
            if value[:1] == "{":
                json.loads(value, object_pairs_hook=told)
        elif isinstance(value, list | tuple):
            for each in value:
                told(each)
        else:
            said.append(str(value))

    told(json.loads(text, object_pairs_hook=lambda pairs: [each for pair in pairs for each in pair]))
    return "\x00".join(said)


@given(documents())
def test_no_secret_survives_in_json_and_json_stays_json(document: tuple[str, list[str]]) -> None:
    text, secrets = document
    made = redactor("email", "card", "ip", "token")
    once = made.content(text.encode())
    said = opened(once.decode())
    assert [secret for secret in secrets if secret in said] == []
    assert made.content(once) == once


@given(documents())
def test_no_secret_survives_in_a_structure(document: tuple[str, list[str]]) -> None:
    value = json.loads(document[0])
    said = opened(json.dumps(redactor("email", "card", "ip", "token").value(value)))
    assert [secret for secret in document[1] if secret in said] == []


@given(
    hidden(), st.binary(max_size=8).filter(lambda raw: not raw[-1:].isalnum() and raw[-1:] not in (b".", b":", b"-"))
)
def test_no_secret_survives_in_any_bytes(text: tuple[str, str], before: bytes) -> None:
    made = redactor("email", "card", "ip", "token")
    once = made.content(before + b" " + text[0].encode())
    assert text[1].encode() not in once
    assert made.content(once) == once


WORDS = [
    "password",
    "token",
    "Authorization",
    "Bearer_",
    "://",
    "\\u0040",
    "4111",
    "1111",
    "::",
    "[email]",
    "[token]",
    "Cookie",
    "é",
    "org",
    "2001",
]
NOISE = st.lists(st.sampled_from([*WORDS, "-----BEGIN PRIVATE KEY-----", *'@.:-%40"\\{}[], =\n']), max_size=30).map(
    "".join
)


@pytest.mark.parametrize("mode", ["mask", "hash"])
@given(text=NOISE | st.text(max_size=20))
def test_a_second_time_changes_nothing_more(mode: str, text: str) -> None:
    made = redactor(*ALL, mode=mode, key=None if mode == "mask" else {"env": "A"})
    once = made.content(text.encode())
    assert made.content(once) == once


@given(st.binary(max_size=60) | NOISE.map(str.encode))
def test_any_bytes_come_back_as_bytes(content: bytes) -> None:
    assert type(redactor(*ALL, patterns=[{"name": "own", "regex": "a.$"}]).content(content)) is bytes


UNITS = [
    "a@",
    "a.",
    "@",
    "1",
    "4111 ",
    "4111-1111-",
    "1:",
    "a::",
    "::",
    "1.1.1.1.",
    "token=",
    "password=\\",
    "eyJ",
    "A1",
]
UNITS += ["DE89 ", "-----BEGIN PRIVATE KEY-----", "://:", "bearer ", "\\\\u0040", "%25", "\\", '\\"', "ghp_", "aB3/"]


@pytest.mark.parametrize("unit", UNITS)
def test_a_mebibyte_takes_no_more_than_its_share(unit: str) -> None:
    made = redactor(*ALL)

    def seconds(size: int) -> float:
        for form in ("{}", '["{}"]'):
            content = form.replace("{}", (unit * (size // len(unit)))).encode()
            started = time.process_time()
            made.content(content)
            made.content(b'password="' + content)
        return time.process_time() - started

    assert seconds(1 << 20) < 32 * max(seconds(1 << 16), 0.01)
