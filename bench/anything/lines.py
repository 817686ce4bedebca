"""What programs print, and what nobody should: contents of lines to begin from, and ways to spoil them."""

from __future__ import annotations

from random import Random
from typing import Final

JAVA: Final = b"""2026-11-21 01:02:03.004 ERROR [main] c.e.Shop - order failed
java.lang.IllegalStateException: closed for bob@example.org
\tat com.example.Shop.order(Shop.java:42)
\tat com.example.Shop.main(Shop.java:7)
Caused by: java.io.IOException: reset by 192.0.2.7
\t... 2 more"""
PYTHON: Final = b"""Traceback (most recent call last):
  File "/app/shop.py", line 7, in <module>
    order()
ValueError: no such order

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/app/shop.py", line 9, in <module>
    raise KeyError(1)
KeyError: 1"""
GO: Final = b"""panic: runtime error: index out of range [3] with length 3

goroutine 1 [running]:
main.main()
\t/app/main.go:9 +0x1d
exit status 2"""
NODE: Final = b"""TypeError: Cannot read properties of undefined (reading 'id')
    at Object.<anonymous> (/app/shop.js:3:9)
    at node:internal/main/run_main_module:23:47"""
UNSURE: Final = b"""java.lang.IllegalArgumentException: a message
of several

lines without frames
"""

SAMPLES: Final[tuple[bytes, ...]] = (
    b"",
    b" ",
    b"plain words",
    b"ERROR something broke",
    b"\x1b[31mERROR\x1b[0m in red",
    b"[warn] level=info msg=both",
    b'level=warn msg="slow \\"query\\"" took=1.5s user=ada@example.org trace_id=5b8efff798038103d269b633813fc60c',
    b'I1121 01:02:03.000004       1 probe.go:42] "Probe failed" pod="dev/shop-1" err="dial tcp 10.0.0.7:443"',
    b"E1121 01:02:03.000000       1 probe.go:42] failed",
    b'{"level":"warn","msg":"retry","n":3,"http":{"status":503,"path":"/cart"},"password":"hunter2"}',
    b'{"level":30,"time":1763686923004,"pid":1,"hostname":"shop-1","msg":"pino","err":{"stack":"Error: x\\n    at a"}}',
    b'{"msg":"twice","msg":"again","a":1,"a":{"b":[1,{"c":null}]},"big":123456789012345678901234567890,"f":1e999}',
    b'{"msg":"half \\ud800 a pair","\\udfff":1,"e":"\\u0041\\u00e9\\u2028","user":"bob\\u0040example.org"}',
    b'{"json":"{\\"token\\":\\"ghp_0123456789abcdefghijABCDEFGHIJ012345\\"}","card":4111111111111111}',
    b'{"trace_id":"5B8EFFF798038103D269B633813FC60C","span_id":"eee19b7ec3c1b174","message":"traced"} and more',
    b'{"deep":' + b"[" * 60 + b"]" * 60 + b"}",
    b'{"deep":' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}",
    b"{" + b",".join(b'"key_%d":%d' % (n, n) for n in range(40)) + b"}",
    b'{"":"","level":"","time":"2026-11-21T01:02:03Z","overflow":"mine","suppressed":"mine"}',
    b'{"level":["error"],"msg":{"a":1},"severity":true,"trace_id":7}',
    b"{not json}",
    b"card 4111 1111 1111 1111, iban DE89 3704 0044 0532 0130 00, ada.l@example.org from 2001:db8::7 and 10.1.2.3",
    b"Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    b"password=hunter2&token=AKIAIOSFODNN7EXAMPLE Cookie: session=0123456789abcdef0123456789abcdef",
    b"mail in base64 Ym9iQGV4YW1wbGUub3JnIGlzIGhlcmU= and more",
    b'192.0.2.1 - bob [21/Nov/2026:01:02:03 +0000] "GET /cart?id=7 HTTP/1.1" 503 42 "-" "curl/8.1"',
    b'2026/11/21 01:02:03 [error] 7#7: *1 open() "/x" failed (2: No such file), client: 192.0.2.1, server: shop',
    b'2026-11-21 01:02:03.004 UTC [42] shop@orders ERROR:  relation "x" does not exist at character 15',
    b'2026-11-21T01:02:03.004Z\tinfo\tserver/main.go:7\tlistening\t{"port": 80}',
    b"time:2026-11-21T01:02:03Z\thost:192.0.2.1\tstatus:404\tsize:-",
    b"1:M 21 Nov 2026 01:02:03.004 # Warning: no config file",
    b'<34>1 2026-11-21T01:02:03Z web sshd 42 ID1 [a@1 b="c\\"d"] failed',
    b'a,"b ""quoted"" c",,7',
    b"took 12ms at 2026-11-21 01:02:03,004 by 7 of 1.5 MiB",
    b"broken \xff\xfe utf-8 \xc3",
    "umlaut äöü €€€ 😀\u2028next\u0085line".encode() * 3,
    b"\xef\xbb\xbfwith a mark",
    b"nul \x00 inside \x1b \x07",
    b"carriage\rreturn 2026-11-21T01:02:03Z stdout P looks like a header\r",
    b"\tat com.example.Shop.order(Shop.java:42)",
    b"# Time: 2026-11-21T01:02:03.000004Z",
    b"y" * 700,
    b"\xe2\x82\xac" * 250,
    JAVA,
    PYTHON,
    GO,
    NODE,
    UNSURE,
)
"""Contents, some of several lines; those that hold secrets keep to numbers and names made for documentation."""

SPECIAL: Final = b'\x00\xff\x80\xed\xa0\n\r\t "\\{}[]:=,@<>%&;|-+.0123456789eEuFPT'


def rarely(random: Random, n: int) -> bool:
    """Once in ``n`` times; what is usual is what small examples have."""
    return random.randrange(n) == n - 1


def spoilt(random: Random, content: bytes, most: int = 3) -> bytes:
    """Some bytes changed, put in, cut out, repeated."""
    for _ in range(random.randrange(1, most + 1)):
        begin = random.randrange(len(content) + 1)
        end = min(len(content), begin + random.choice((0, 1, 3, 20, 300)))
        new = random.choice(_NEW)(random, content[begin:end])
        content = content[:begin] + new + content[end:]
    return content


_NEW: Final = (
    lambda random, _old: bytes(random.choice(SPECIAL) for _ in range(random.randrange(4))),
    lambda _random, _old: b"",
    lambda _random, old: old * 2,
    lambda _random, old: old[::-1],
    lambda random, _old: random.choice(SAMPLES)[:60],
    lambda random, _old: random.getrandbits(64).to_bytes(8, "big"),
)


def contents(random: Random, amount: int, more: tuple[bytes, ...] = ()) -> list[list[bytes]]:
    """Contents as programs print them: each one line or several, none with a line feed in it."""
    found = []
    for _ in range(amount):
        sample = random.choice(more) if more and random.randrange(2) else random.choice(SAMPLES)
        if rarely(random, 4):
            sample = spoilt(random, sample)
        found.append(sample.split(b"\n"))
    return found
