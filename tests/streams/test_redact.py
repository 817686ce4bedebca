"""What must not be told is not told, wherever it stands; and what is innocent stays."""

import json
import re

import pytest

from schemas.settings.redaction import RedactionRule
from schemas.settings.secret import Secret
from streams.core.redact import redactor_of
from tests.streams.redacting import ALL, redactor

PLAIN = [
    # e-mail
    ("email", "mail to bob@example.org, please", "mail to [email], please"),
    ("email", "<bob.o'brien+tag@mail.example.co.uk>", "<[email]>"),
    ("email", "GET /users?email=bob%40example.org&x=1", "GET /users?email=[email]&x=1"),
    ("email", "GET /users?email=bob%2540example.org", "GET /users?email=[email]"),
    ("email", "jürgen@bücher.example wrote", "[email] wrote"),
    ("email", "'a@example.org','b@example.org'", "'[email]','[email]'"),
    ("email", 'text {"user":"bob\\u0040example.org"} behind', 'text {"user":"[email]"} behind'),
    # cards: test numbers that the issuers and processors publish
    ("card", "paid with 4111 1111 1111 1111 123", "paid with [card] 123"),
    ("card", "4111-1111-1111-1111", "[card]"),
    ("card", "card=5555555555554444;", "card=[card];"),
    ("card", "amex 378282246310005 or 3782 822463 10005", "amex [card] or [card]"),
    ("card", "12 4111 1111 1111 1111 12", "12 [card] 12"),
    ("card", "2223003122003222 6011111111111117 3566002020360505 30569309025904", "[card] [card] [card] [card]"),
    ("card", "visa of 13: 4222222222222, of 19: 4111111111111111110", "visa of 13: [card], of 19: [card]"),
    ("card", "a float 4111111111111111.0", "a float [card].0"),
    # bank accounts: the registry's own examples
    ("iban", "from DE89 3704 0044 0532 0130 00 EUR", "from [iban] EUR"),
    ("iban", "GB29NWBK60161331926819 NO9386011117947", "[iban] [iban]"),
    # addresses
    ("ip", "client 198.51.100.7:4711 refused", "client [ip]:4711 refused"),
    ("ip", "10.0.0.0/8, [2001:db8::7]:443, fe80::1%eth0", "[ip]/8, [[ip]]:443, [ip]%eth0"),
    ("ip", "peer:2001:db8::7. and ::ffff:198.51.100.7", "peer:[ip]. and [ip]"),
    ("ip", "2001:db8:1:2:3:4:5:6:443 is with a port", "[ip]:443 is with a port"),
    ("ip", "at 198.51.100.7.", "at [ip]."),
    # what lets somebody in
    ("token", "password=hunter2 user=bob", "password=[token] user=bob"),
    ("token", "DB_PASSWORD: hunter, dbPasswd='a b'", "DB_PASSWORD: [token], dbPasswd='[token]'"),
    ("token", 'x {"api_key": "a\\"b", "n": 1', 'x {"api_key": "[token]", "n": 1'),
    ("token", 'x {\\"token\\":\\"a b\\",\\"n\\":1}', 'x {\\"token\\":\\"[token]\\",\\"n\\":1}'),
    ("token", "Authorization: Bearer abc.def-1\nHost: a", "Authorization: [token]\nHost: a"),
    ("token", 'curl -H "Authorization: Basic dTpw" https://a', 'curl -H "Authorization: [token]" https://a'),
    ("token", 'Authorization: Digest username="bob", response="6629"', "Authorization: [token]"),
    ("token", "Set-Cookie: sid=1; Path=/", "Set-Cookie: [token]"),
    ("token", "sent bearer mF_9.B5f-4.1JqM to", "sent bearer [token] to"),
    ("token", "Basic dXNlcjpwYXNz", "Basic [token]"),
    ("token", "postgres://app:p@ss@db:5432/shop", "postgres://app:[token]@db:5432/shop"),
    ("token", "jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN", "jwt [token]"),
    ("token", "key AKIAIOSFODNN7EXAMPLE.", "key [token]."),
    ("token", "ghp_" + "a1B2" * 9 + " github_pat_" + "1A" * 20, "[token] [token]"),
    ("token", "xoxb-" + "123456789012-abcdef AIza" + "b" * 35, "[token] [token]"),
    ("token", "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "[token]"),
    ("token", "k: -----BEGIN RSA PRIVATE KEY-----\nMII\nE=\n-----END RSA PRIVATE KEY-----\nz", "k: [token]\nz"),
    ("token", "-----BEGIN PRIVATE KEY-----\nMII", "[token]"),
]


@pytest.mark.parametrize(("detector", "line", "expected"), PLAIN)
def test_text(detector: str, line: str, expected: str) -> None:
    assert redactor(detector).content(line.encode()).decode() == expected


INNOCENT = """
2026-11-21T01:02:03.123456789Z stdout F GET / HTTP/1.1 200 1834 0.004
1763686923000 1763686923123456 1763686923123456789 took 4111111111111 ns
id 550e8400-e29b-41d4-a716-446655440000 trace 4bf92f3577b34da6a3ce929d0e0e4736
sha256:4111111111111111a3b1f1c0d9c4e1b9e27ae41e4649b934ca495991b7852b855 a4111111111111111
1.2.3.4.5 v1.2.3.4 1.36.3 version 10.0.19041.1 chrome/120.0.6099.109 Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36
lodash@4.17.21 kubelet@v1.36.3 @Component user@host root@localhost getty@tty1.service logo@2x.png
0.4111111111111111 12345678901234567890123 4111 1111 1111 1112 4111 1111 11111111111111
pod cart-7d9f8b6c5-x2x4z node ip-10-0-0-1 uid 8f14e45f-ceea-4e7a-9c52-4f4e4d4c4b4a
price 1,299.00 EUR 19.99 USD total 4 111.11
listening on 0.0.0.0:8080 and [::]:8080, localhost/127.0.0.1, ::1
std::vector<int> abc::def Foo::Bar::add 00:1a:2b:3c:4d:5e 01:02:03
unexpected token: end of file; secret "default-token" not found; token bucket full; 3 tokens left; max_tokens 4096
password=null token: none cookie=false author=bob monkey=1 primary_key=5 basic authentication bearer token
OID 1.3.6.1.4.1 ranges 0.0.0.1.1 DE00 0000 0000 0000 0000 00 XX89370400440532013000
-----BEGIN CERTIFICATE----- MIIB aGVsbG8gd29ybGQgaGVsbG8gd29ybGQ= /usr/lib/python3/dist-packages/some/module
""".strip().splitlines()


@pytest.mark.parametrize("line", [*INNOCENT, *(json.dumps({"msg": line, "n": [1, 2.50]}) for line in INNOCENT)])
def test_innocent_lines_stay(line: str) -> None:
    made = redactor(*ALL)
    content = line.encode()
    assert made.content(content) is content
    assert made.hits == {}


JSON = [
    ('{"a":"bob@example.org"}', '{"a":"[email]"}'),
    ('{"a":"bob\\u0040example.org"}', '{"a":"[email]"}'),
    ('{"bob@example.org":1}', '{"[email]":1}'),
    ('{"a":"bob@example.org","a":"x"}', '{"a":"[email]","a":"x"}'),
    ('{"a":"\\u0062ob\\u0040example.org","a":"x"}', '{"a":"[email]","a":"x"}'),
    ('{ "n": 1.50, "big": 123456789012345678901234567890, "c" : 4111111111111111 }',
     '{ "n": 1.50, "big": 123456789012345678901234567890, "c" : "[card]" }'),
    ('{"a":"x\\n4111111111111111\\n"}', '{"a":"x\\n[card]\\n"}'),
    ('{"log":"{\\"c\\":4111111111111111,\\"m\\":\\"bob\\\\u0040example.org\\"}"}',
     '{"log":"{\\"c\\":\\"[card]\\",\\"m\\":\\"[email]\\"}"}'),
    ('{"password":"x","n":1}', '{"password":"[token]","n":1}'),
    ('{"pass\\u0077ord":12345,"n":1}', '{"pass\\u0077ord":"[token]","n":1}'),
    ('{"credentials":{"a":["b",{"c":1}],"d":null},"e":"f"}',
     '{"credentials":{"a":["[token]",{"c":"[token]"}],"d":null},"e":"f"}'),
    ('{"k":"-----BEGIN PRIVATE KEY-----\\nMII\\n-----END PRIVATE KEY-----\\n"}', '{"k":"[token]\\n"}'),
    ('["198.51.100.7"]', '["[ip]"]'),
    ('{"pass":"x","secret":"","token":"null"}', '{"pass":"[token]","secret":"","token":"null"}'),
]  # fmt: skip


@pytest.mark.parametrize(("line", "expected"), JSON)
def test_json(line: str, expected: str) -> None:
    made = redactor(*ALL)
    assert made.content(line.encode()).decode() == expected
    json.loads(expected)


def test_depth_hides_nothing() -> None:
    line = b"[" * 900 + b'"bob@example.org"' + b"]" * 900
    assert redactor("email").content(line) == b"[" * 900 + b'"[email]"' + b"]" * 900


def test_text_that_is_not_utf_8_is_redacted_too() -> None:
    assert redactor("email").content(b"\xff bob@example.org \xfe") == b"\xff [email] \xfe"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ym9iQGV4YW1wbGUub3Jn", "[base64]"),
        ("x=Ym9iQGV4YW1wbGUub3Jn; y", "x=[base64]; y"),
        ("eyJ1IjoiYm9iQGV4YW1wbGUub3JnIn0.x", "[base64].x"),
        ("aGVsbG8gd29ybGQgaGVsbG8", "aGVsbG8gd29ybGQgaGVsbG8"),
    ],
)
def test_base64_hides_nothing_where_it_is_asked_for(text: str, expected: str) -> None:
    assert redactor("email", "base64").text(text) == expected
    assert redactor("email").text(text) == text


def test_patterns_of_ones_own() -> None:
    patterns = [
        {"name": "customer", "regex": "cust-[0-9]{6}"},
        {"name": "name", "regex": r"(?i)name=(\w+)", "replacement": "<{name}>"},
        {"name": "whole", "regex": "^only$"},
    ]
    made = redactor(patterns=patterns)
    assert made.text("cust-123456 NAME=bob only") == "[customer] NAME=<name> only"
    assert made.text('{"a":"cust-123456","b":"only"}') == '{"a":"[customer]","b":"[whole]"}'
    assert made.hits == {"customer": 2, "name": 1, "whole": 1}


def test_hashes_are_equal_for_equal_values_and_depend_on_the_key() -> None:
    one = redactor("email", "card", mode="hash", key={"env": "A"})
    other = redactor("email", mode="hash", key={"env": "B"})
    first, second = one.text("bob@example.org BOB%40example.org").split()
    assert first == second
    assert re.fullmatch(r"\[email:[a-p]{16}\]", first)
    assert other.text("bob@example.org") != first
    assert one.text("alice@example.org") != first
    assert len(set(one.text("4111111111111111|4111-1111-1111-1111").split("|"))) == 1


def test_what_is_removed_leaves_nothing() -> None:
    made = redactor("email", "token", mode="remove")
    assert made.text("to bob@example.org.") == "to ."
    assert made.text('{"password":"x","a":1}') == '{"password":"","a":1}'


def test_all_rules_apply_and_the_first_decides() -> None:
    rules = [
        RedactionRule(match="**", detect=("email",), replacement="<{name}>"),
        RedactionRule(match="**", detect=("email", "ip")),
    ]
    made = redactor_of(rules)
    assert made is not None
    assert made.text("bob@example.org 198.51.100.7") == "<email> [ip]"
    assert redactor_of([]) is None


def test_a_hash_without_anybody_to_fetch_its_key_is_a_mistake() -> None:
    rule = RedactionRule(match="**", detect=("email",), mode="hash", key=Secret(env="A"))
    with pytest.raises(Exception, match="needs its key"):
        redactor_of([rule])


def test_structures() -> None:
    made = redactor(*ALL)
    value = {
        "to": ["bob@example.org", b"bob@example.org", 4111111111111111, True, None, 1.5],
        "a@example.org": 1,
        "b@example.org": 2,
        "password": {"x": ["y", 1]},
        7: "x",
    }
    assert made.value(value) == {
        "to": ["[email]", b"[email]", "[card]", True, None, 1.5],
        "[email]": 1,
        "[email] 2": 2,
        "password": {"x": ["[token]", "[token]"]},
        7: "x",
    }
    clean = {"a": ["b", {"c": 1}]}
    assert made.value(clean) is clean
    assert made.value("bob@example.org") == "[email]"


def test_counts_are_of_what_was_taken_out() -> None:
    made = redactor(*ALL)
    made.content(b'{"a":"bob@example.org","b":"x@example.org 198.51.100.7"}')
    made.content(b"bob@example.org")
    assert made.hits == {"email": 3, "ip": 1}
    made.hits.clear()
    made.content(b"nothing")
    assert made.hits == {}
