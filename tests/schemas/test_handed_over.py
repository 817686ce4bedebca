"""What a producer gets handed over has the values of the settings that were checked, and no pydantic."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import pytest

from schemas.errors import SettingsError
from schemas.handed_over import hand_over, take_over
from schemas.settings import parse_settings

TEXT = """
kafka:
  bootstrap_servers: [a:1, b:2]
  properties: {sasl.password: {env: PASSWORD}, sasl.mechanism: PLAIN}
topics: {prefix: "shop."}
producer: {rate_limits: [{namespaces: "dev-*", bytes_per_sec: 1000}]}
inputs:
  containers: {type: container_files}
  text: {type: files, path: [/var/log/a.log], container: {namespace: dev, pod: p, name: c}}
  docker: {type: docker_files}
  journal: {type: journald}
  syslog: {type: syslog, udp: "127.0.0.1:0"}
  forward: {type: forward, listen: "127.0.0.1:0", shared_key: {file: /key}}
  web: {type: http, listen: "127.0.0.1:0", tokens: [{env: TOKEN}]}
"""
SETTINGS = parse_settings(TEXT, "logferry.yaml", {})
COMPUTED = ("names", "routed_topics")


def values(section: Any) -> Any:
    """All values in a section, as plain data."""
    fields = getattr(type(section), "model_fields", None)
    if fields is not None:
        return {name: values(getattr(section, name)) for name in fields}
    if hasattr(section, "__dict__") and not isinstance(section, type(SETTINGS.topics.names)):
        return {name: values(value) for name, value in vars(section).items() if name not in COMPUTED}
    if isinstance(section, Mapping):
        return {name: values(value) for name, value in section.items()}
    return [values(each) for each in section] if isinstance(section, tuple | list) else section


def test_every_value_is_handed_over() -> None:
    assert values(take_over(hand_over(SETTINGS))) == values(SETTINGS)


def test_names_and_secrets_work_as_before() -> None:
    taken = take_over(hand_over(SETTINGS))
    assert taken.topics.names == SETTINGS.topics.names
    assert taken.routed_topics == SETTINGS.routed_topics
    environ = {"PASSWORD": "secret"}
    assert taken.kafka.client_properties(environ, str) == SETTINGS.kafka.client_properties(environ, str)
    with pytest.raises(SettingsError, match="a secret is missing"):
        taken.kafka.client_properties({}, str)


def test_a_producer_of_files_never_loads_what_checks_settings() -> None:
    code = "import sys, producers.run, producers.produce, runtime.kafka, runtime.registry, runtime.metrics\n"
    code += "print([name for name in ('pydantic', 'typer', 'rich', 'yaml', 'aiohttp') if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
