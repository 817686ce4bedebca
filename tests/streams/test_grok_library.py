"""The patterns of the library find what their names promise."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from streams.core.parsers.grok import check_patterns, grok_pattern
from streams.core.parsers.grok_patterns import PATTERNS
from tests.streams.grokking import found


def is_whole(name: str, text: str) -> bool:
    return grok_pattern(f"^%{{{name}}}$", {}).pattern.search(text.encode()) is not None


def test_every_pattern_of_the_library_compiles() -> None:
    assert check_patterns(PATTERNS) == {}


# Pattern, texts that are such, texts that are not.
WHOLE = [
    ("INT", ["0", "-7", "+12"], ["", "1.5", "x", "--1"]),
    ("NUMBER", ["0", "-7.25", ".5", "+12"], ["", "1.", "1e5", "."]),
    ("BASE16NUM", ["ff", "0xFF", "-1a"], ["xyz", "0x"]),
    ("BASE16FLOAT", ["0x1.8", "ff", ".8"], ["g", "."]),
    ("POSINT", ["1", "80"], ["0", "-1", "a1"]),
    ("NONNEGINT", ["0", "80"], ["-1", "1a"]),
    ("WORD", ["abc", "a_1", "Ünï"], ["", "a-b", "a b"]),
    ("NOTSPACE", ["a-b", "ü/x"], ["", "a b"]),
    ("DATA", ["", "a b", "a\nb"], []),
    ("GREEDYDATA", ["", "a b", "a\nb"], []),
    ("QUOTEDSTRING", ['"a b"', '""', r'"a \" b"', "'x'", "`y`"], ['"a', "a", '"a" b"']),
    ("UUID", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567e89b12d3a456426614174000", "x"]),
    ("URN", ["urn:isbn:0451450523", "urn:ietf:rfc:2648"], ["urn:", "uri:a:b"]),
    ("MAC", ["00:1B:44:11:3a:b7", "00-1B-44-11-3A-B7", "001b.4411.3ab7"], ["00:1B:44:11:3A", "00:1g:44:11:3a:b7"]),
    ("IPV4", ["0.0.0.0", "255.255.255.255", "192.0.2.1"], ["256.1.1.1", "1.2.3", "1.2.3.4.5", "1.2.3.1000"]),
    ("HOSTNAME", ["a", "shop.example.com", "3com.com", "a-b.c."], ["-a", "a..b", "a b", ""]),
    ("IPORHOST", ["::1", "192.0.2.1", "db-1"], ["", "/"]),
    ("HOSTPORT", ["db:5432", "192.0.2.1:80", "2001:db8::1:80"], ["db", "db:", "db:0"]),
    ("EMAILADDRESS", ["a.b+c@example.com"], ["a", "@example.com", ".a@b"]),
    ("UNIXPATH", ["/", "/var/log/app.log", "/a~/b-c"], ["a/b", ""]),
    ("WINPATH", [r"C:\Users\x y", r"\\server\share"], ["C:", "/c"]),
    ("PATH", ["/a", r"C:\a"], ["a"]),
    ("TTY", ["/dev/pts/3", "/dev/tty1"], ["/dev/null"]),
    ("URIPATHPARAM", ["/a/b?x=1&y=%20", "/"], ["a", "/a b"]),
    (
        "URI",
        ["http://example.com", "https://u:p@example.com:8443/a/b?c=d", "ftp://[2001:db8::1]:21/x", "file:///etc/x"],
        ["example.com", "//example.com", "http:/x"],
    ),
    ("MONTH", ["Jan", "november", "SEP", "Sept", "September"], ["Janu", "Foo", "13"]),
    ("MONTHNUM", ["1", "09", "12"], ["0", "13"]),
    ("MONTHDAY", ["1", "09", "31"], ["0", "32"]),
    ("DAY", ["Mon", "tuesday", "Thurs"], ["Mond"]),
    ("HOUR", ["0", "00", "23"], ["24"]),
    ("MINUTE", ["00", "59"], ["60", "5"]),
    ("SECOND", ["00", "59", "60", "3.5", "03,123"], ["61"]),
    ("TIME", ["00:00:00", "23:59:60.5"], ["24:00:00", "1:2"]),
    (
        "TIMESTAMP_ISO8601",
        ["2026-11-21T01:02:03Z", "2026-11-21 01:02:03,123", "2026-11-21T01:02+01:00", "2026-11-21T01:02:03.1-0800"],
        ["2026-11-21", "2026-13-21T01:02:03Z", "21.11.2026 01:02:03"],
    ),
    ("HTTPDATE", ["10/Oct/2000:13:55:36 -0700"], ["10/10/2000:13:55:36 -0700"]),
    ("SYSLOGTIMESTAMP", ["Oct 11 22:14:15", "Oct  1 22:14:15"], ["11 Oct 22:14:15"]),
    ("DATESTAMP", ["21.11.2026 01:02:03", "11/21/2026-01:02:03"], ["2026-11-21"]),
    ("DATESTAMP_RFC2822", ["Sat, 21 Nov 2026 01:02:03 +0100"], ["Sat 21 Nov 2026 01:02:03 +0100"]),
    ("DATESTAMP_RFC822", ["Sat Nov 21 2026 01:02:03 UTC"], ["Nov 21 2026"]),
    ("DATESTAMP_OTHER", ["Sat Nov 21 01:02:03 UTC 2026"], ["Sat Nov 21 01:02:03 2026"]),
    ("DATESTAMP_EVENTLOG", ["20261121010203"], ["202611210102"]),
    ("LOGLEVEL", ["INFO", "warn", "Warning", "ERROR", "emerg", "Critical"], ["INFORM", "loud", "eRRor"]),
    ("PROG", ["sshd", "kernel:", "a/b"], ["", "a b", "a[1"]),
    ("JAVACLASS", ["com.example.Shop$Inner", "A", "a.b_c.D1"], ["1a", "a..b", "a.b-"]),
    ("JAVAMETHOD", ["run", "<init>", "<clinit>", "lambda$0"], ["1a", "<x>"]),
]


@pytest.mark.parametrize(("name", "such", "others"), WHOLE)
def test_a_pattern_is_what_its_name_says(name: str, such: list[str], others: list[str]) -> None:
    assert [text for text in such if not is_whole(name, text)] == []
    assert [text for text in others if is_whole(name, text)] == []


@given(st.ip_addresses(v=6))
@example(IPv6Address("::"))
@example(IPv6Address("::ffff:192.0.2.1"))
@example(IPv6Address("fe80::1"))
def test_every_ipv6_address_is_one_in_each_of_its_spellings(address: IPv6Address) -> None:
    mixed = f"{address.exploded[:30]}{IPv4Address(int(address) & 0xFFFFFFFF)}"
    for text in (str(address), address.exploded, address.exploded.upper(), f"{address}%eth0", mixed):
        assert found("^%{IP:a}$", text) == {"a": text}
        assert found("from %{IP:a} port", f"from {text} port") == {"a": text}


@given(st.text("0123456789abcdef:", max_size=30) | st.text("0123456789abcdef:.", max_size=30))
def test_what_is_taken_for_an_ipv6_address_is_one(text: str) -> None:
    if is_whole("IPV6", text):
        IPv6Address(text)


@given(st.ip_addresses(v=4))
def test_every_ipv4_address_is_one(address: IPv4Address) -> None:
    assert found("%{IP:a}", f"from={address},") == {"a": str(address)}


@given(st.uuids())
def test_every_uuid_is_one(value: UUID) -> None:
    assert found("%{UUID:id}", f"id {value} x") == {"id": str(value)}


LINES = [
    # Apache's documentation of the combined format
    (
        "^%{COMBINEDAPACHELOG}$",
        '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326'
        ' "http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav)"',
        {
            "client.address": "127.0.0.1",
            "user.name": "frank",
            "timestamp": "10/Oct/2000:13:55:36 -0700",
            "http.request.method": "GET",
            "url.original": "/apache_pb.gif",
            "network.protocol.version": "1.0",
            "http.response.status_code": "200",
            "http.response.body.size": "2326",
            "http.request.header.referer": "http://www.example.com/start.html",
            "user_agent.original": "Mozilla/4.08 [en] (Win98; I ;Nav)",
        },
    ),
    (
        "^%{COMMONAPACHELOG}$",
        '2001:db8::1 - - [10/Oct/2000:13:55:36 -0700] "\\x16\\x03 x" 400 -',
        {
            "client.address": "2001:db8::1",
            "timestamp": "10/Oct/2000:13:55:36 -0700",
            "http.request.line": "\\x16\\x03 x",
            "http.response.status_code": "400",
        },
    ),
    # Apache's documentation of ErrorLogFormat
    (
        "^%{HTTPD_ERRORLOG}$",
        "[Thu May 12 08:28:57.652118 2011] [core:error] [pid 8777:tid 4326490112] [client ::1:58619]"
        " File does not exist: /usr/local/apache2/htdocs/favicon.ico",
        {
            "timestamp": "Thu May 12 08:28:57.652118 2011",
            "apache.module": "core",
            "level": "error",
            "process.pid": "8777",
            "thread.id": "4326490112",
            "client.address": "::1",
            "client.port": "58619",
            "message": "File does not exist: /usr/local/apache2/htdocs/favicon.ico",
        },
    ),
    # RFC 3164, 5.4
    (
        "^%{SYSLOGLINE}$",
        "Oct 11 22:14:15 mymachine su[230]: 'su root' failed for lonvick on /dev/pts/8",
        {
            "timestamp": "Oct 11 22:14:15",
            "host.name": "mymachine",
            "process.name": "su",
            "process.pid": "230",
            "message": "'su root' failed for lonvick on /dev/pts/8",
        },
    ),
    (
        "^%{JAVASTACKTRACEPART}$",
        "\tat com.example.Shop.<init>(Shop.java:42)",
        {
            "code.namespace": "com.example.Shop",
            "code.function.name": "<init>",
            "code.file.path": "Shop.java",
            "code.line.number": "42",
        },
    ),
]


@pytest.mark.parametrize(("expression", "line", "fields"), LINES)
def test_whole_lines_are_taken_apart(expression: str, line: str, fields: dict[str, str]) -> None:
    assert found(expression, line) == fields


@pytest.mark.parametrize("name", PATTERNS)
@given(line=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_match_or_do_not(name: str, line: bytes) -> None:
    match = grok_pattern(f"%{{{name}:x}}", {}).pattern.search(line)
    assert match is None or match[1] in line
