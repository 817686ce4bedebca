"""Rights follow from the settings, and from nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.kafka_acls import kafka_acls
from deploy.rights import COMMANDS, RULES, Right, Wish, command_of, rights_for
from deploy.strimzi import resource_name, user_resources
from schemas.errors import SettingsError
from schemas.settings import Settings, parse_settings

PAGE = Path(__file__).parents[2] / "docs/kafka-security.md"


def settings(**sections: Any) -> Settings:
    return parse_settings(yaml.safe_dump(sections), "test", {})


def of(stage: str, found: list[Right]) -> dict[str, str]:
    """Name (a prefix with a star behind it, a group with its kind before it) -> operations."""
    return {
        f"{'group ' if each.resource == 'group' else ''}{each.name}{'*' if each.is_prefix else ''}": " ".join(
            each.operations
        )
        for each in found
        if each.stage == stage
    }


def test_a_name_stands_once_for_each_stage() -> None:
    found = rights_for(settings(sinks={"raw": {"type": "object_storage", "topics": ["logs.raw"], "url": "file:///x"}}))
    names = [(each.stage, each.resource, each.name, each.is_prefix) for each in found]
    assert len(names) == len(set(names))


def test_workers_may_fill_what_routes_quotas_and_unmatched_name() -> None:
    found = rights_for(
        settings(
            routes=[{"match": "a.**", "topic": "logs.a"}],
            unmatched="logs.rest",
            quotas=[{"namespaces": "*", "bytes_per_minute": 1000000}],
        )
    )
    assert of("stream", found) == {
        "logs.raw": "Read Describe",
        "logs.pods": "Read Describe",
        "logs.control": "Read Describe",
        "logs.a": "Write Describe",
        "logs.rest": "Write Describe",
        "logs.delayed": "Write Describe",
        "logs.dead-letter": "Write Describe",
        "logs.ledger": "Write Describe",
        "group logferry-stream": "Read",
    }


def test_topics_that_are_made_while_records_flow_are_rights_to_what_begins_so() -> None:
    found = rights_for(
        settings(
            routes=[{"match": "**", "topic": "logs.ns.{namespace}"}],
            sinks={"archive": {"type": "object_storage", "topics": ["logs.ns.*", "logs.ns.shop"], "url": "file:///x"}},
        ),
        Wish(live_prefix="live."),
    )
    assert of("stream", found)["logs.ns.*"] == "Write Create Describe"
    assert of("stream", found)["live.*"] == "Write Create Describe"
    assert of("stream", found)["logs.ns.shop"] == "Write Describe"
    assert of("sink-archive", found) == {
        "logs.ns.*": "Read Describe",
        "logs.ns.shop": "Read Describe",
        "logs.dead-letter": "Write Describe",
        "logs.ledger": "Write Describe",
        "group logferry-sink-archive": "Read",
    }


def test_a_redrive_reads_chunks_and_tells_what_came_of_them() -> None:
    assert of("redrive", rights_for(settings())) == {
        "logs.raw": "Read Write Describe",
        "logs.dead-letter": "Read Write Describe",
        "logs.pods": "Read Describe",
        "logs.control": "Read Describe",
        "logs.ledger": "Write Describe",
        "logs.app": "Write Describe",
    }


def test_a_copy_in_the_same_cluster_is_written_by_its_sink() -> None:
    def copy(servers: str) -> dict[str, str]:
        sink = {
            "type": "kafka",
            "topics": ["logs.app"],
            "topic": "copy.{topic}",
            "kafka": {"bootstrap_servers": servers},
        }
        return of("sink-copy", rights_for(settings(kafka={"bootstrap_servers": ["a:1", "b:2"]}, sinks={"copy": sink})))

    assert copy("b:2, c:3")["copy.logs.app"] == "Write Describe"
    assert "copy.logs.app" not in copy("c:3")


def test_tenants_that_share_a_cluster_have_no_name_in_common() -> None:
    def names(tenant: str) -> set[tuple[str, str]]:
        return {
            (each.resource, each.name)
            for each in rights_for(
                settings(
                    topics={"prefix": f"{tenant}."},
                    stream={"group": f"{tenant}-stream"},
                    routes=[{"match": "**", "topic": f"{tenant}.app"}],
                    sinks={
                        "search": {"type": "elasticsearch", "topics": [f"{tenant}.app"], "group": f"{tenant}-search"}
                    },
                )
            )
        }

    assert names("red") & names("blue") == set()
    assert all(name.startswith("red") for _, name in names("red"))


def test_the_topics_job_may_make_what_lies_outside_the_prefix_too() -> None:
    found = rights_for(settings(topics={"prefix": "red."}, routes=[{"match": "**", "topic": "other.app"}]))
    assert list(of("topics", found)) == ["red.*", "other.app"]


def test_every_stage_says_what_it_is_for() -> None:
    search = {"search": {"type": "elasticsearch", "topics": ["logs.app"]}}
    stages = {each.stage for each in rights_for(settings(sinks=search))}
    assert stages == {*COMMANDS, "sink-search"}
    assert set(RULES) - {"sinks"} == set(COMMANDS)
    assert command_of("sink-search") == "logferry sink search"


def test_one_user_for_all_stages_is_one_resource() -> None:
    (user,) = user_resources(rights_for(settings()), "logferry", "kafka", "scram-sha-512")
    acls = user["spec"]["authorization"]["acls"]
    assert user["metadata"]["name"] == "logferry"
    assert [acl for number, acl in enumerate(acls) if acl in acls[:number]] == []


def test_a_name_that_no_certificate_can_have_is_refused() -> None:
    sinks = {"s" * 60: {"type": "elasticsearch", "topics": ["logs.app"]}}
    found = rights_for(settings(sinks=sinks))
    with pytest.raises(SettingsError, match="a certificate's name at most 64"):
        user_resources(found, "logferry-{stage}", "kafka", "tls")
    assert len(user_resources(found, "logferry-{stage}", "kafka", "scram-sha-512")) == len(COMMANDS) + 1


@pytest.mark.parametrize(
    ("name", "resource"),
    [
        ("logs.app", "logs.app"),
        ("logs.dead-letter", "logs.dead-letter"),
        ("Logs_App", "logs-app-afadb9e6"),
        ("a..b", "a.b-f62b4241"),
        ("-._", "e0904186"),
        ("x" * 300, f"{'x' * 244}-0d4e2ca9"),
    ],
)
def test_every_name_has_one_of_its_own_in_kubernetes(name: str, resource: str) -> None:
    assert resource_name(name) == resource
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", resource)


def test_what_the_documentation_shows_is_what_is_printed() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = re.findall(
        r"^```(?:yaml title=\"logferry.yaml\"|sh)\n(.*?)^```", page[page.index("## Rights") :], re.MULTILINE | re.DOTALL
    )
    text, commands, dynamic, made, _ = shown
    found = rights_for(parse_settings(text, "docs", {}))
    assert kafka_acls(found, "logferry-{stage}", ()) == commands
    more = rights_for(parse_settings(dynamic, "docs", {}))
    changed = [each for each in more if each not in found and each.stage in ("stream", "sink-archive")]
    assert kafka_acls(changed, "logferry-{stage}", ()) == made
