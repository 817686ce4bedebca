"""What the rules say about a source: what is kept of it, where that goes, how much of it, and how it is read.

`Rules.of` takes the settings and the live rules, `Rules.plan` the facts about a source; the `Plan` is all that the hot
path needs.
"""

from streams.core.rules.accept import accepted
from streams.core.rules.facts import Facts
from streams.core.rules.live import LiveRule
from streams.core.rules.plan import SEVERITIES, Plan
from streams.core.rules.quota import Quota, Quotas
from streams.core.rules.routes import Destinations, Routing
from streams.core.rules.rules import Rules
from streams.core.rules.sampling import Sampling
from streams.core.rules.topics import DynamicTopics

__all__ = [
    "SEVERITIES",
    "Destinations",
    "DynamicTopics",
    "Facts",
    "LiveRule",
    "Plan",
    "Quota",
    "Quotas",
    "Routing",
    "Rules",
    "Sampling",
    "accepted",
]
