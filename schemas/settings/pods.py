"""The pod watcher: which cluster, which pods, what is kept of them, and who of several watchers writes."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.settings.node import MIB
from schemas.settings.parts import NUMBER, SIZE, AbsolutePath, Count, Problem, ProblemsError, Seconds, Section, Size

DAY: float = 24 * 3600.0

NamespaceName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""An RFC 1123 label, as Kubernetes demands it."""

ObjectName = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]


class AnnotationsSettings(Section):
    """Which annotations of a pod are kept. Each costs room in every document of the pod."""

    include: tuple[Annotated[str, Field(min_length=1)], ...] = ("*",)
    """Names that are kept; * stands for any characters. All by default, since only their owners know which matter."""

    exclude: tuple[Annotated[str, Field(min_length=1)], ...] = ("kubectl.kubernetes.io/last-applied-configuration",)
    """Names that are left out even if included. By default kubectl's copy of the whole manifest."""

    value_max_bytes: Size = 4096
    """Longest value that is kept; a longer one is left out with its name. Longer ones are whole documents made for
    programs, and nobody searches logs by them."""


class LeaseSettings(Section):
    """The lease by which one of several watchers writes and the others stand by."""

    enabled: bool = True
    """Whether to take a lease. Without one, run a single watcher only."""

    name: ObjectName = "logferry-pods"
    """Name of the Lease object; watchers with the same one share the work of one."""

    namespace: NamespaceName | None = None
    """Namespace of the Lease object. By default the watcher's own: of its service account, else of the kubeconfig's
    context."""

    duration_secs: Seconds = 15.0
    """How long a lease that is no longer renewed keeps others waiting. Kubernetes' own components take 15 s."""

    renew_deadline_secs: Seconds = 10.0
    """A watcher that could not renew for so long stops writing. Below the duration, so that it has stopped before
    another begins."""

    retry_interval_secs: Seconds = 2.0
    """How often the lease is renewed, or asked for. Four failures in a row still leave time within the deadline."""

    @model_validator(mode="after")
    def _deadlines_in_order(self) -> Self:
        problems = []
        if self.renew_deadline_secs >= self.duration_secs:
            problem = f"a holder would write for {self.renew_deadline_secs:g} s, but others wait only as long or less"
            problems.append(Problem(problem, "write less than duration_secs", ("renew_deadline_secs",)))
        if self.retry_interval_secs * 2 > self.renew_deadline_secs:
            problem = "a single failed renewal would lose the lease"
            problems.append(Problem(problem, "write at most half of renew_deadline_secs", ("retry_interval_secs",)))
        if problems:
            raise ProblemsError(problems)
        return self


class PodsSettings(Section):
    """The pod watcher (`logferry pods`).

    Each cluster needs a topic of its own (`topics.prefix`): a pod that this cluster's API does not list counts as
    deleted.
    """

    kubeconfig: AbsolutePath | None = None
    """File with address and credentials of the cluster. By default $KUBECONFIG, else the service account of the pod
    that the watcher runs in, else ~/.kube/config."""

    context: Annotated[str, Field(min_length=1)] | None = None
    """Context of the kubeconfig; by default its current one."""

    namespaces: tuple[NamespaceName, ...] = ()
    """Namespaces that are watched, each by a request of its own; none means all, by one request."""

    label_selector: str = ""
    """Only pods with such labels, as for kubectl --selector: app=shop,tier in (web, api). A pod that stops matching
    counts as deleted."""

    field_selector: str = ""
    """Only pods with such fields, as for kubectl --field-selector: spec.nodeName=node-1."""

    annotations: AnnotationsSettings = AnnotationsSettings()
    """Which annotations are kept."""

    keep_deleted_secs: Seconds = 7 * DAY
    """How long a deleted pod stays in the topic. As long as raw lines are replayed: they need its labels."""

    restarts_max: Count = 20
    """Restarts of one container that are remembered with image and container id, newest first. A node keeps one dead
    container's log; the others serve replays."""

    resync_interval_secs: Seconds = 3600.0
    """How often everything is listed anew, even though the watch tells of every change. It repairs what should not
    happen."""

    watch_timeout_secs: Annotated[float, Field(ge=10), NUMBER] = 300.0
    """How long one watch request lasts (up to twice as long at random, so that not all clients of an API server come
    back at once). Kubernetes' own clients take 5 to 10 minutes."""

    request_timeout_secs: Seconds = 30.0
    """Longest silence of the API server in any other request."""

    page_size: Count = 500
    """Pods per page of a list. 500 is what kubectl takes: some megabytes at a time."""

    events_max: Count = 500
    """Pods that were received and wait to be worked on; beyond that the connection is left unread. About 10 KiB
    each."""

    owners_max: Count = 50_000
    """ReplicaSets and Jobs whose owners are remembered. About 300 bytes each; forgotten ones are asked for again."""

    in_flight_max_bytes: Annotated[int, Field(ge=64 * 1024), SIZE] = 4 * MIB
    """Values handed to Kafka's client and not yet acknowledged; beyond that the watcher waits."""

    lease: LeaseSettings = LeaseSettings()
    """One watcher writes, others stand by."""
