"""Rights as commands for ``kafka-acls`` (``kafka-acls.sh`` of Apache Kafka), one block for each stage."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from itertools import groupby

from deploy.rights import Right, command_of


def kafka_acls(rights: Iterable[Right], user_of: str, administration: Iterable[str]) -> str:
    """The text of a shell script.

    ``user_of``: name of a stage's user, in which ``{stage}`` stands for the stage: ``CN=logferry-{stage}``.
    ``administration``: words behind ``kafka-acls`` that lead it to the cluster.
    """
    beginning = ["kafka-acls", *administration, "--add"]
    blocks = []
    for stage, own in groupby(rights, lambda right: right.stage):
        who = ["--allow-principal", f"User:{user_of.replace('{stage}', stage)}"]
        lines = [shlex.join([*beginning, *who, *words]) for words in _words(own)]
        blocks.append("\n".join([f"# {command_of(stage)}", *lines]))
    return "\n".join(blocks) + "\n"


def _words(rights: Iterable[Right]) -> Iterator[list[str]]:
    """One command for all names with the same operations."""
    alike: dict[tuple[str, bool, tuple[str, ...]], list[str]] = {}
    for each in rights:
        alike.setdefault((each.resource, each.is_prefix, each.operations), []).append(each.name)
    for (resource, is_prefix, operations), names in alike.items():
        pattern = ["--resource-pattern-type", "prefixed"] if is_prefix else []
        asked = [word for each in operations for word in ("--operation", each)]
        yield [*asked, *pattern, *(word for name in names for word in (f"--{resource}", name))]
