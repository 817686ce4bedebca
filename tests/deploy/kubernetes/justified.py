"""What kube-score calls critical and we mean to be so, each with its reason. Everything else fails a test."""

import re
from typing import Final, NamedTuple

from tests.tools import kube_score


class Justified(NamedTuple):
    check: str
    objects: str
    """A regular expression for ``Kind/name``."""
    said: str
    """One for what kube-score says."""
    reason: str


JUSTIFIED: Final = (
    Justified(
        "container-resources",
        ".*",
        ".*CPU limit is not set",
        "A limit on CPU makes a stage wait though its node has time: a producer falls behind kubelet's rotation, "
        "and a consumer group behind its topic. Requests share a full node out, and memory has its limit.",
    ),
    Justified(
        "container-image-pull-policy",
        ".*",
        ".*ImagePullPolicy is not set to Always",
        "Images are of one version each, by tag or digest. Asked for at each start, a registry that is away would keep "
        "the node agent from starting just when a node comes back.",
    ),
    Justified(
        "container-security-context-user-group-id",
        "DaemonSet/.*-producer",
        ".*The container (is )?running with a low (user|group) ID",
        "Logs on a node belong to root and are readable by root alone. docs/security.md lists what the producer lacks "
        "in spite of it.",
    ),
)

CHOSEN_BY_OPENSHIFT: Final = Justified(
    "container-security-context-user-group-id",
    ".*",
    ".*The container (is )?running with a low (user|group) ID",
    "OpenShift gives pods that name no user or group one of their namespace's range, and refuses those that do.",
)


def unjustified(manifests: str, *more: Justified) -> list[str]:
    """Critical findings without a reason in the table, or among more of them."""
    return [
        f"{name}: {check}: {said}"
        for name, check, said in kube_score.criticals(manifests)
        if not any(_covers(each, name, check, said) for each in (*JUSTIFIED, *more))
    ]


def _covers(each: Justified, name: str, check: str, said: str) -> bool:
    return each.check == check and bool(re.fullmatch(each.objects, name) and re.fullmatch(each.said, said))
