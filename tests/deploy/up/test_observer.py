"""The live view knows what every kind of stage works off."""

from deploy.up.observer import WORK
from schemas.metrics import METRICS
from sinks.run import SINKS


def test_every_stage_and_every_type_of_sink_has_a_figure_that_there_is() -> None:
    assert set(WORK) == {"producer", "stream", *SINKS}
    assert {name for name, _ in WORK.values()} - set(METRICS) == set()
