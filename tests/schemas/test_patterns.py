"""Match patterns mean what they mean in fluentd, for any pattern and any tag, at bounded cost."""

import re
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import SettingsError
from schemas.patterns import PatternError, compile_patterns

# Pattern, tags that match, tags that do not: the facts of fluentd's documentation and tests, and those of a cluster.
FACTS = [
    ("a", ["a"], ["b", "ab", "a.b", ""]),
    ("a.b", ["a.b"], ["aab", "a", "a.b.c"]),
    ("a*", ["a", "ab", "abc"], ["a.b", "ab.c", "ba"]),
    ("*a", ["a", "ba", "cba"], ["ab", "b.a"]),
    ("*a*", ["a", "ba", "ac", "bac"], ["b.a"]),
    ("a.*", ["a.b", "a.c", "a."], ["a", "ab", "a.b.c"]),
    ("a.*.c", ["a.b.c", "a.c.c"], ["a.c", "a.b.b.c"]),
    ("a.**", ["a", "a.b", "a.b.c"], ["ab", "abc", "ab.c", "b.a"]),
    ("a**", ["a", "ab", "a.b", "ab.c", "ab.d.e"], ["b", "b.a"]),
    ("**.a", ["a", "b.a", "cb.a", "d.e.a"], ["ba", "c.ba", "a.b"]),
    ("**a", ["a", "ba", "c.ba", "d.e.a"], ["ab"]),
    ("a.**.b", ["a.b", "a.x.b", "a.x.y.b"], ["ab", "a", "a.b.c", "ax.b"]),
    ("**", ["", "a", "a.b.c"], []),
    ("**.**", ["a", "a.b"], []),
    ("a.{b,c}", ["a.b", "a.c"], ["a.d", "a"]),
    ("a.{b,c}.**", ["a.b", "a.c", "a.b.x"], ["a.d", "a.cd"]),
    ("a.{b.**,c}", ["a.b", "a.b.c", "a.c"], ["a.c.d", "a"]),
    ("a.{b,c{d,*.e}}", ["a.b", "a.cd", "a.cx.e"], ["a.c", "a.ce"]),
    ("{a,}.b", ["a.b", ".b"], ["b"]),
    ("a.{**}", ["a.", "a.b", "a.b.c"], ["a"]),
    ("a b.*", ["a", "b.c"], ["b", "a.b", "a b.c"]),
    ("  a.**\n b.** ", ["a.x", "b"], ["c"]),
    (r"a\*", ["a*"], ["ab"]),
    ("a.", ["a"], ["a."]),
    ("a,b", ["a,b"], ["a", "b"]),
    ("a+(b)", ["a+(b)"], ["aab"]),
    (
        "kube.*.gallery.access-log.**",
        ["kube.test.gallery.access-log"],
        ["kube.test.gallery", "kube.gallery.access-log"],
    ),
    ("kube.kube-system.**", ["kube.kube-system.etcd-node1.etcd"], ["kube.kube-system2.etcd"]),
    ("***", ["", "a", "a.b"], []),
    ("a.***", ["a", "a.b", "a.b.c"], ["ab"]),
    ("a..**", ["a.", "a..b"], ["a", "a.b"]),
    ("**..a", [".a", "b..a"], ["a", "b.a"]),
    (r"a\.**", ["a.", "a.b", "a.b.c"], ["a", "ab"]),
    (r"\**", ["*", "*a"], ["a", "*.a", "**.a"]),
    (r"\{a\}", ["{a}"], ["a"]),
    (r"{a\,b,c}", ["a,b", "c"], ["a", "b"]),
    ("{a.,b}", ["a.", "b"], ["a", "b."]),
    ("{a.}.b", ["a..b"], ["a.b"]),
    ("{**.a,b}.c", ["a.c", "x.a.c", "b.c"], ["xa.c", "x.b.c", "c"]),
    ("x{**.a,b}", ["xb", "xy.a", "x.a"], ["xa", "x.b"]),
    ("{}", [""], ["a"]),
    ("a{,.b}", ["a", "a.b"], ["a.", "ab"]),
    ("{a,{b,c}.{d,e}}", ["a", "b.d", "c.e"], ["b", "a.d", "d"]),
    ("**.**.a", ["a", "b.a", "b.c.a"], ["ba"]),
    ("*.*", ["a.b", ".", "a."], ["a", "a.b.c"]),
    ("a.*.**", ["a.b", "a.b.c", "a."], ["a", "ab"]),
    ("a**b", ["ab", "axb", "a.x.b"], ["a", "b", "a.bx"]),
]


@pytest.mark.parametrize(("pattern", "matching", "other"), FACTS)
def test_a_pattern_matches_the_tags_that_fluentd_matches(pattern: str, matching: list[str], other: list[str]):
    patterns = compile_patterns(pattern)
    assert {tag: patterns.matches(tag) for tag in matching + other} == dict.fromkeys(matching, True) | dict.fromkeys(
        other, False
    )


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("/kube\\..*/", "regular expression"),
        ("a.#{Socket.gethostname}", "embedded Ruby"),
        ("a.{b,c", "never closed"),
        ("a.{b, c}", "never closed"),
        ("a.{b\\", "never closed"),
        ("a.b}", "never opened"),
    ],
)
def test_a_bad_pattern_is_refused_with_what_is_wrong_and_what_to_do(pattern: str, problem: str):
    with pytest.raises(PatternError, match=problem) as caught:
        compile_patterns(pattern)
    assert caught.value.remedy
    assert isinstance(caught.value, SettingsError)


def test_only_two_stars_alone_leave_nothing_for_the_next_rule():
    assert [compile_patterns(text).match_everything for text in ("**", "a **", "a.**", "*")] == [
        True,
        True,
        False,
        False,
    ]


def test_a_hostile_pattern_ends_all_the_same():
    patterns = compile_patterns("**a*" * 60 + "{**a,*a}" * 20 + "c")
    assert not patterns.matches("a" * 400 + ".b")


# -- any pattern, any tag: against a matcher that tries everything --------------------------------------------------


def naive_match(pattern: str, tag: str, at: int = 0, end: int | None = None, *, inside: bool = False) -> bool:
    """Try every way in which the pattern may describe tag[at:end]; `inside` braces a dot at the end counts."""
    end = len(tag) if end is None else end
    onward = partial(naive_match, tag=tag, end=end, inside=inside)
    if not pattern or (pattern == "." and not inside):
        return at == end
    if pattern.startswith(".**"):
        return tag[at : at + 1] in ("", ".") and onward(pattern[1:], at=at)
    if pattern.startswith("**."):
        begins = [k for k in range(at, end + 1) if (k == 0 if k == at else tag[k - 1] == ".")]
        return any(onward(pattern[3:], at=k) for k in begins)
    if pattern.startswith("**"):
        return any(onward(pattern[2:], at=k) for k in range(at, end + 1))
    if pattern.startswith("*"):
        return any(onward(pattern[1:], at=k) for k in range(at, end + 1) if "." not in tag[at:k])
    if pattern.startswith("{"):
        alternatives, rest = split_braces(pattern)
        ends = {k for k in range(at, end + 1) for one in alternatives if naive_match(one, tag, at, k, inside=True)}
        return any(onward(rest, at=k) for k in ends)
    return at < end and tag[at] == pattern[0] and onward(pattern[1:], at=at + 1)


def split_braces(pattern: str) -> tuple[list[str], str]:
    """Return the alternatives of the braces that the pattern begins with, and what follows them."""
    alternatives, depth = [""], 0
    for index, character in enumerate(pattern):
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return alternatives, pattern[index + 1 :]
        if character == "," and depth == 1:
            alternatives.append("")
        elif index:
            alternatives[-1] += character
    raise AssertionError(pattern)


def in_braces(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    alternatives = st.lists(inner, min_size=1, max_size=3).map(lambda words: "{" + ",".join(words) + "}")
    return st.lists(st.one_of(inner, alternatives), min_size=1, max_size=3).map("".join)


PIECES = st.lists(st.sampled_from(["a", "b", ".", "*", "**", ".**", "**."]), min_size=1, max_size=4).map("".join)
PATTERNS = st.recursive(PIECES, in_braces, max_leaves=4).filter(lambda text: "***" not in text)
TAGS = st.text("ab.", max_size=8)


@given(PATTERNS, TAGS)
def test_matching_agrees_with_trying_everything(pattern: str, tag: str):
    assert compile_patterns(pattern).matches(tag) == naive_match(pattern, tag)


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_is_a_pattern_or_an_error(pattern: str, tag: str):
    with suppress(PatternError):
        compile_patterns(pattern).matches(tag)


# -- any pattern, any tag: against the regular expressions that fluentd makes ---------------------------------------


def fluentd_braces(texts: list[str], depths: list[int], one: str) -> list[str]:
    """The texts behind an opening brace, a comma or a closing one; ``depths`` are where alternatives begin."""
    if one == "{":
        depths.append(len(texts))
    if one != "}":
        return [*texts, ""]
    start = depths.pop()
    return [*texts[: start - 1], f"{texts[start - 1]}(?:{'|'.join(texts[start:])})"]


def fluentd_expression(pattern: str) -> re.Pattern[str]:
    """What `GlobMatchPattern` of fluentd's lib/fluent/match.rb compiles a pattern to, in Python's syntax.

    It reads one character at a time, holds a dot back until it knows what follows, and writes each alternative of
    braces into a text of its own.
    """
    texts, depths, dot, at = [""], list[int](), False, 0
    while at < len(pattern):
        one, two = pattern[at], pattern[at : at + 2]
        if two == "**":
            texts[-1] += r"(?![^.])" if dot else ""
            dotted = pattern[at + 2 : at + 3] == "."
            texts[-1] += r"(?:.*\.|\A)" if dotted else ".*"
            dot, at = False, at + (3 if dotted else 2)
            continue
        texts[-1] += r"\." if dot else ""
        dot = one == "."
        at += one == "\\"
        if one in "{,}" and (depths or one == "{"):
            texts = fluentd_braces(texts, depths, one)
        elif one != ".":
            texts[-1] += r"[^.]*" if one == "*" else re.escape(pattern[at : at + 1])
        at += 1
    (text,) = texts
    return re.compile(rf"\A{text}\Z")


ANY_PIECES = st.lists(st.sampled_from(["a", "b", ".", "*", "**", "\\*", "\\.", "\\,", "-"]), max_size=5).map("".join)
ANY_PATTERNS = st.recursive(ANY_PIECES, in_braces, max_leaves=5).filter(bool)


@settings(max_examples=400)
@given(ANY_PATTERNS, st.text("ab.*,-", max_size=9))
def test_matching_agrees_with_the_expressions_of_fluentd(pattern: str, tag: str):
    assert compile_patterns(pattern).matches(tag) == bool(fluentd_expression(pattern).search(tag))


@given(st.lists(ANY_PATTERNS, min_size=1, max_size=3), st.text("ab.", max_size=9))
def test_several_patterns_match_what_any_of_them_matches(patterns: list[str], tag: str):
    alone = [compile_patterns(pattern).matches(tag) for pattern in patterns]
    assert compile_patterns(" ".join(patterns)).matches(tag) == any(alone)


@pytest.mark.parametrize(("pattern", "matching", "other"), FACTS)
def test_the_table_holds_for_the_expressions_of_fluentd_too(pattern: str, matching: list[str], other: list[str]):
    expressions = [fluentd_expression(word) for word in pattern.split()]
    found = {tag: any(each.search(tag) for each in expressions) for tag in matching + other}
    assert found == dict.fromkeys(matching, True) | dict.fromkeys(other, False)
