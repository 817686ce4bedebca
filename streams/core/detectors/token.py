r"""What lets somebody in: passwords, tokens, keys, cookies.

Found by their own form: JSON web tokens (RFC 7519), private keys (RFC 7468), the keys of AWS, GitHub, GitLab, Slack,
Google, Stripe and others as their makers document them, passwords in addresses (``postgres://user:secret@db``),
``Bearer`` and ``Basic`` credentials (RFC 6750, RFC 7617). And by the name that stands before them: ``password=…``,
``"api_key": "…"``, ``Authorization: …`` to the end of the line, ``Set-Cookie: …``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from streams.core.detectors.detected import Detector, Span, expression, in_order

_NAMES: Final = (
    r"(?i:passwords?|passwd|passphrase|passcode|[._\"'-]pass|pwd|secrets?|tokens?|credentials?"
    r"|(?:api|access|secret|private|signing|encryption|account|auth|master|shared)[._-]?key"
    r"|authorization|cookies?)"
)
_SPACE: Final = r"(?:\s|\\+[nrt])*"
_PREFIXED: Final = rf"({_NAMES})(\\*[\"'])?({_SPACE}(?:=>|:=|[:=]){_SPACE})(\\*[\"'])?"
_CREDENTIALS: Final = r"(?i:\b(?:bearer|basic)|[nrt](?:bearer|basic))(?:\s|\\+[nrt])+([0-9A-Za-z+/._~=\\-]{8,})"
_IN_ADDRESS: Final = r":(?:\\*/){2}[^\s/?#:@\"']*:([^\s/\"'<>]+)@"
_BEGIN_KEY: Final = r"-----BEGIN [0-9A-Z ]*PRIVATE KEY(?: BLOCK)?-----"
_FORMS: Final = (
    r"eyJ[0-9A-Za-z_-]{8,}(?:\.[0-9A-Za-z_-]*){1,4}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|gh[pousr]_[0-9A-Za-z]{20,}|github_pat_[0-9A-Za-z_]{20,}|glpat-[0-9A-Za-z_-]{20,}"
    r"|xox[a-z](?:\.xox[a-z])?-[0-9A-Za-z-]{8,}|xapp-[0-9A-Za-z-]{10,}|hooks\.slack\.com\\*/services\\*/[0-9A-Za-z\\/]+"
    r"|AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{20,}"
    r"|[rs]k_(?:live|test)_[0-9A-Za-z]{10,}|whsec_[0-9A-Za-z+/=]{20,}"
    r"|npm_[0-9A-Za-z]{36}|pypi-AgE[0-9A-Za-z_-]{50,}|hf_[0-9A-Za-z]{34}|sk-(?:ant|proj)-[0-9A-Za-z_-]{20,}"
    r"|SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43}|hv[sb]\.[0-9A-Za-z_-]{24,}|do[opr]_v1_[0-9a-f]{64}"
)
_ALL: Final = (_PREFIXED, _CREDENTIALS, _IN_ADDRESS, _BEGIN_KEY, _FORMS)
_prefixed, _credentials, _in_address, _begin_key, _forms = map(expression, _ALL)
_ends_in_name: Final = expression(rf"(?:^|[._-])(?i:pass)$|{_NAMES}$")

_HEADER: Final = re.compile(rb"authorization|cookies?", re.IGNORECASE)
_SURE: Final = re.compile(rb"pass|.pass|pwd|passphrase", re.IGNORECASE)
_TO_LINE_END: Final = re.compile(rb"[^\r\n]++")
_TO_QUOTE: Final = re.compile(rb"[^\r\n\"']++")
_TO_SPACE: Final = re.compile(rb"[^\s\"',;&]++")
_SCHEME_TO_SPACE: Final = re.compile(rb"(?:(?i:bearer|basic|token|negotiate|apikey)\s++)?[^\s\"',;&]++")
_WITH_PARAMETERS: Final = re.compile(rb"(?:digest|oauth|signature|aws4-\S+)\s", re.IGNORECASE)
_NOTHING: Final = re.compile(rb"(?:null|none|nil|true|false|undefined|<nil>|\(null\)|\[\]|\{\}|)\Z", re.IGNORECASE)
_BARE_MIN: Final = 20
NAME_MAX: Final = 64


def _spans(content: bytes) -> list[Span]:
    found = [(each.start(), each.end(), each[0]) for each in _forms.finditer(content)]
    found += _keys(content)
    found += [_group(each) for each in _credentials.finditer(content) if _is_drawn(each[1])]
    found += [_group(each) for each in _in_address.finditer(content)]
    found += _named(content)
    return in_order(found)


def _group(match: re.Match[bytes]) -> Span:
    return match.start(1), match.end(1), match[1]


def _keys(content: bytes) -> list[Span]:
    """Private keys up to their last line, or to the end of the text where that is missing."""
    found: list[Span] = []
    for begin in _begin_key.finditer(content):
        if found and begin.start() < found[-1][1]:
            continue
        last = content.find(b"-----END", begin.end())
        closed = content.find(b"-----", last + 8) if last >= 0 else -1
        end = closed + 5 if closed >= 0 else len(content)
        found.append((begin.start(), end, content[begin.start() : end]))
    return found


def _named(content: bytes) -> list[Span]:
    """Values behind names that say what they are."""
    found: list[Span] = []
    for match in _prefixed.finditer(content):
        start = match.end()
        if found and start < found[-1][1]:
            continue
        name, closing, between, opening = match.groups()
        end = _closing_quote(content, start, opening) if opening else _bare_end(content, start, name, between)
        value = content[start:end]
        # Between name and value, a colon and a space may be a sentence: "unexpected token: end of file".
        sure = closing or opening or not between[1:] or _SURE.match(name) or _HEADER.fullmatch(name)
        if _NOTHING.match(value) is None and (sure or _is_drawn(value)):
            found.append((start, end, value))
    return found


def _bare_end(content: bytes, start: int, name: bytes, between: bytes) -> int:
    """Where a value without quotes ends."""
    if not _HEADER.fullmatch(name):
        pattern = _TO_SPACE
    elif _WITH_PARAMETERS.match(content, start):
        pattern = _TO_LINE_END
    else:
        pattern = _TO_QUOTE if b":" in between else _SCHEME_TO_SPACE
    value = pattern.match(content, start)
    return start + len(value[0].rstrip(b"\\")) if value else start


def _closing_quote(content: bytes, start: int, opening: bytes) -> int:
    """Where the quote is closed that ``opening`` opened: with as many backslashes, which JSON in JSON has."""
    quote, escapes = opening[-1:], len(opening) - 1
    at = content.find(quote, start)
    while at >= 0:
        run = _backslashes(content, start, at)
        if escapes and run <= escapes:
            return at - run
        if not escapes and run % 2 == 0:
            return at
        at = content.find(quote, at + 1)
    return len(content)


def _backslashes(content: bytes, start: int, at: int) -> int:
    """How many stand right before a place."""
    count = 0
    while at - count > start and content[at - count - 1] == 0x5C:
        count += 1
    return count


def _is_drawn(value: bytes) -> bool:
    """Whether a word looks drawn at random: long, with a digit, or with capitals inside."""
    text = value.decode("latin-1").rstrip("\\")
    return len(text) >= 8 and (
        len(text) >= _BARE_MIN or any(map(str.isdigit, text)) or (text != text.lower() and text[1:] != text[1:].lower())
    )


def is_secret_name(name: bytes) -> bool:
    """Whether what stands under this key of an object must not be told: dbPassword, API_KEY, authorization."""
    return _known_name(name) if len(name) <= NAME_MAX else _ends_in_name.search(name[-NAME_MAX:]) is not None


@lru_cache(maxsize=8192)
def _known_name(name: bytes) -> bool:
    return _ends_in_name.search(name) is not None


def is_nothing(value: bytes) -> bool:
    """Whether a value says that there is none: null, none, false and so on."""
    return _NOTHING.match(value) is not None


DETECTOR: Final = Detector("|".join(_ALL), _spans)
