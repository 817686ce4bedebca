"""What every type of sink promises."""

import importlib
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from schemas.settings import Sink
from sinks.run import SINKS


def test_every_type_that_the_settings_know_can_be_run():
    models = get_args(get_args(Sink)[0])
    assert {get_args(model.model_fields["type"].annotation)[0] for model in models} == set(SINKS)


@pytest.mark.parametrize("kind", SINKS)
def test_a_sink_can_be_imported_and_runs_until_it_is_asked_to_stop(kind):
    module, name, _ = SINKS[kind]
    shell = getattr(importlib.import_module(module), name)
    assert callable(getattr(shell, "run", None) or shell.send)


@pytest.mark.parametrize("kind", SINKS)
def test_the_extra_that_a_sink_names_exists(kind):
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    assert SINKS[kind][2] in project["project"]["optional-dependencies"]


@pytest.mark.parametrize("kind", SINKS)
def test_a_sink_tells_its_purpose_a_sample_and_its_delivery_guarantee(kind):
    told = importlib.import_module(SINKS[kind][0].rpartition(".")[0]).__doc__ or ""
    assert f"type: {kind}" in told
    assert "Delivery:" in told
