"""Names and addresses as Elasticsearch has them: indices, data streams, hosts, cloud ids, types."""

import binascii
import re
from base64 import b64decode
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator

from schemas.settings.parts import HttpUrl, mistake, nearest

_UNUSABLE = r'[\\/*?"<>|,#: ]'
_LONGEST = 255


def _index_pattern(name: str) -> str:
    directives = set(re.findall(r"%(.?)", name))
    if directives - set("YmdGVuy"):
        raise mistake(
            f"{name!r} uses more than year, month, week and day",
            "use %Y, %m, %d, or %G and %V for weeks: a record's index follows from its day alone",
        )
    plain = re.sub(r"%.", "0", name)
    if _is_unusable(plain):
        raise mistake(
            f"{name!r} cannot name an index in Elasticsearch",
            'lower case only, no spaces and none of \\/*?"<>|,#:, not beginning with - _ or +: logstash-%Y.%m.%d',
        )
    return name


def _is_unusable(name: str) -> bool:
    return bool(
        name != name.lower() or re.search(_UNUSABLE, name) or re.match(r"[-_+]", name) or name in {"", ".", ".."}
    )


IndexPattern = Annotated[str, AfterValidator(_index_pattern)]
"""Name of an index, with strftime's directives for days."""


def _data_stream(name: str) -> str:
    if "%" in name:
        raise mistake(
            f"{name!r} names one data stream for each day",
            "a data stream has one name and makes an index after the other by itself: logs-kubernetes-default",
        )
    if _is_unusable(name) or name.startswith(".") or len(name.encode()) > _LONGEST:
        raise mistake(
            f"{name!r} cannot name a data stream in Elasticsearch",
            'lower case only, no spaces and none of \\/*?"<>|,#:, not beginning with - _ + or a dot: '
            "logs-kubernetes-default",
        )
    return name


DataStream = Annotated[str, AfterValidator(_data_stream)]
"""Name of a data stream (Elasticsearch reference, "Create data stream")."""


def _host(url: str) -> str:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise mistake(f"{url!r} has no usable port", "write it like http://localhost:9200") from None
    if port is None:
        usual = 443 if parts.scheme == "https" else 9200
        raise mistake(f"{url!r} names no port", f"write {parts.scheme}://{parts.netloc}:{usual}{parts.path}")
    return url


Host = Annotated[HttpUrl, AfterValidator(_host)]
"""Address of a node or a proxy before them: scheme, host, port and, with a proxy, a path."""


def _cloud_id(text: str) -> str:
    label, colon, encoded = text.rpartition(":")
    try:
        parts = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode().split("$")
    except (binascii.Error, UnicodeDecodeError):
        parts = []
    if not (label and colon and len(parts) >= 2 and parts[0] and parts[1]):
        raise mistake("this is no cloud id", "copy it from the deployment's page at Elastic Cloud: name:ZXUtd2VzdC0x…")
    return text


CloudId = Annotated[str, AfterValidator(_cloud_id)]
"""``label:base64 of host$cluster$kibana``, as Elastic Cloud shows it."""

PromotedType = Literal[
    "keyword", "text", "boolean", "byte", "short", "integer", "long", "half_float", "float", "double",
    "date", "date_nanos", "ip",
]  # fmt: skip
"""Types that take any JSON value without refusing a document; tried on 9.2.4. Not geo_point: an array that mixes texts
and numbers is refused with its document."""

_MEANT = {
    "int": "integer", "number": "double", "decimal": "double", "string": "keyword", "str": "keyword", "bool": "boolean",
    "timestamp": "date", "datetime": "date", "time": "date", "unsigned_long": "long", "bigint": "long",
}  # fmt: skip


def _promoted_type(value: object) -> object:
    known = PromotedType.__args__  # type: ignore[attr-defined]
    if isinstance(value, str) and value not in known:
        meant = _MEANT.get(value.lower()) or nearest(value, known)
        raise mistake(
            f"{value!r} is no type that an attribute can be promoted to",
            f"write {meant}" if meant else f"choose one of {', '.join(known)}",
        )
    return value


Promoted = Annotated[PromotedType, BeforeValidator(_promoted_type)]
"""Type of a promoted attribute; usual other names are understood and corrected."""
