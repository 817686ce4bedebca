"""Sampling keeps its share and says what it left out; quotas send on what is too much."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import QuotaRule, SamplingRule, parse_settings
from streams.core.rules import Facts, LiveRule, Plan, Quotas, Rules, Sampling


def facts(namespace: str = "shop", container: str = "app") -> Facts:
    return Facts(f"kube.{namespace}.cart-0.{container}", namespace, "cart-0", container, {}, {}, "node-1")


def plan(text: str, source: Facts | None = None, *live: LiveRule) -> Plan:
    return Rules.of(parse_settings(text, "logferry.yaml", {}), live).plan(source or facts())


def sampling(**told: Any) -> Sampling:
    return Sampling(SamplingRule.model_validate({"match": "**", **told}))


# -- sampling ------------------------------------------------------------------------------------------------------


def test_without_a_rule_for_it_a_source_is_not_sampled() -> None:
    text = "sampling: [{where: {namespaces: dev}, keep_one_in: 10}]"
    assert plan(text).sampling is None
    assert plan(text, facts("dev")).sampling is not None


def test_a_live_rule_about_sampling_comes_first() -> None:
    rule = SamplingRule.model_validate({"match": "**", "keep_one_in": 2})
    found = plan('sampling: [{match: "**", keep_one_in: 10}]', None, LiveRule("a", "sampling", rule)).sampling
    assert found is not None
    assert (found.rule_id, [found.keeps(chance, 0, 9) for chance in (2, 3, 10)]) == ("a", [True, False, True])


@pytest.mark.parametrize(("below", "sampled"), [("warn", range(13)), ("info", range(1, 9)), ("fatal4", range(24))])
def test_only_lines_below_a_severity_are_sampled_and_unknown_ones_count_as_info(below: str, sampled: range) -> None:
    rule = sampling(below=below, keep_one_in=2)
    assert [number for number in range(25) if not rule.keeps(1, 0, number)] == list(sampled)


def test_one_in_n_is_kept_by_the_hash_of_the_record_alone() -> None:
    first, second = sampling(keep_one_in=3), sampling(keep_one_in=3)
    assert [first.keeps(chance, 0, 9) for chance in range(9)] == [True, False, False] * 3
    assert [second.keeps(chance, 7, 9) for chance in reversed(range(9))] == [False, False, True] * 3


def test_so_many_are_kept_of_each_second_of_the_lines_own_times() -> None:
    rule = sampling(per_second=2)
    kept = Counter(second for second in (1, 1, 1, 2, 1, 2, 2, 2, 9) if rule.keeps(0, second, 9))
    assert kept == {1: 2, 2: 2, 9: 1}


def test_a_kept_record_tells_how_many_were_left_out_before_it() -> None:
    rule = sampling(keep_one_in=4)
    told = [rule.take_suppressed() for chance in range(13) if rule.keeps(chance, 0, 9)]
    assert told == [0, 3, 3, 3]


def test_a_warning_tells_nothing_of_what_was_left_out() -> None:
    rule = sampling(keep_one_in=4)
    assert [rule.keeps(chance, 0, number) for chance, number in ((1, 9), (1, 17), (4, 9))] == [False, True, True]
    assert rule.take_suppressed() == 1
    assert (rule.keeps(1, 0, 9), rule.keeps(1, 0, 17), rule.take_suppressed()) == (False, True, 0)


def test_what_a_record_that_nobody_took_had_to_tell_the_next_one_tells() -> None:
    rule = sampling(keep_one_in=2)
    assert [rule.keeps(chance, 0, 9) for chance in (1, 2, 3, 4)] == [False, True, False, True]
    assert rule.take_suppressed() == 2


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 24))), st.integers(1, 5))
def test_any_lines_of_any_seconds_are_kept_or_told(lines: list[tuple[int, int]], most: int) -> None:
    rule = sampling(per_second=most)
    kept: Counter[int] = Counter()
    told = left_out = 0
    for second, number in lines:
        if not rule.keeps(0, second, number):
            left_out += 1
            continue
        told += rule.take_suppressed()
        if (number or 9) < 13:
            kept[second] += 1
    assert left_out == told + rule._left_out
    assert len(rule._kept) <= 64
    if len({second for second, _ in lines}) <= 64:
        wanted = Counter(second for second, number in lines if (number or 9) < 13)
        assert kept == {second: min(most, amount) for second, amount in wanted.items()}


# -- quotas --------------------------------------------------------------------------------------------------------

QUOTAS = """
quotas:
  - {namespaces: [shop, "dev-*"], bytes_per_minute: 100}
  - {namespaces: "*", bytes_per_minute: 1000, topic: logs.much}
"""


def test_what_is_over_goes_to_the_topic_of_the_first_quota_for_the_namespace() -> None:
    compiled = Rules.of(parse_settings(QUOTAS, "logferry.yaml", {}))
    found = {name: compiled.plan(facts(name)).quota for name in ("shop", "dev-1", "test")}
    assert {name: quota and quota.over(0, 101) for name, quota in found.items()} == {
        "shop": "logs.delayed",
        "dev-1": "logs.delayed",
        "test": None,
    }
    assert compiled.plan(facts("test")).quota is not None
    assert found["test"] is not None
    assert found["test"].over(0, 900) == "logs.much"


def test_the_default_topic_has_the_prefix_of_the_others() -> None:
    quota = plan("topics: {prefix: test.}\n" + QUOTAS).quota
    assert quota is not None
    assert quota.over(0, 101) == "test.delayed"


def test_a_source_without_a_namespace_has_no_quota() -> None:
    assert plan(QUOTAS, Facts("host.syslog", "", "", "", {}, {}, "n")).quota is None


def test_all_containers_of_a_namespace_use_one_quota_and_every_namespace_has_its_own() -> None:
    compiled = Rules.of(parse_settings(QUOTAS, "logferry.yaml", {}))
    one, two, other = (compiled.plan(facts(*each)).quota for each in (("shop", "a"), ("shop", "b"), ("dev-1", "a")))
    assert one is not None
    assert two is not None
    assert other is not None
    assert [one.over(5, 60), two.over(5, 60), other.over(5, 60), one.over(6, 60)] == [None, "logs.delayed", None, None]


def test_once_a_minute_is_used_up_all_that_comes_in_it_is_over() -> None:
    quotas = Quotas()
    assert [quotas.over("a", 0, size, 100) for size in (60, 60, 1, 0)] == [False, True, True, True]
    assert quotas.over("a", 1, 100, 100) is False


def test_a_worker_has_the_share_of_its_partitions() -> None:
    quotas = Quotas()
    quotas.share = 0.25
    assert [quotas.over("a", 0, size, 100) for size in (25, 1)] == [False, True]


def test_a_live_quota_comes_first_and_what_was_used_counts_on() -> None:
    settings = parse_settings(QUOTAS, "logferry.yaml", {})
    before = Rules.of(settings)
    quota = before.plan(facts()).quota
    assert quota is not None
    assert quota.over(0, 90) is None
    rule = QuotaRule.model_validate({"namespaces": "shop", "bytes_per_minute": 120, "topic": "logs.late"})
    after = Rules.of(settings, [LiveRule("q", "quota", rule)], before).plan(facts()).quota
    assert after is not None
    assert (after.rule_id, after.over(0, 20), after.over(0, 20)) == ("q", None, "logs.late")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 80), st.integers(0, 50)), max_size=150))
def test_of_any_lines_what_is_kept_of_a_minute_stays_below_the_quota(lines: list[tuple[str, int, int]]) -> None:
    quotas = Quotas()
    kept: Counter[tuple[str, int]] = Counter()
    closed: set[tuple[str, int]] = set()
    for namespace, minute, size in lines:
        place = namespace, minute
        if quotas.over(namespace, minute, size, 100):
            assert place in closed or kept[place] + size > 100
            closed.add(place)
        elif len({m for n, m, _ in lines if n == namespace}) <= 64:
            assert place not in closed
            kept[place] += size
    assert max(kept.values(), default=0) <= 100


def test_what_is_remembered_of_namespaces_and_minutes_is_bounded() -> None:
    quotas = Quotas()
    for number in range(20_000):
        quotas.over(f"n{number}", 0, 1, 100)
    for number in range(1_000):
        quotas.over("n", number, 1, 100)
    assert (len(quotas._used), len(quotas._used["n"])) == (10_000, 64)
