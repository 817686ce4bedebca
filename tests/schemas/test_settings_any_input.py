"""Whatever a file or a variable contains: settings, or findings. Never another exception."""

from contextlib import suppress

import yaml
from hypothesis import given
from hypothesis import strategies as st

from schemas.settings import InvalidSettingsError, Settings, json_schema, parse_settings

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates()
NAMES = st.sampled_from(
    sorted(
        {key for model in json_schema()["$defs"].values() for key in model["properties"]} | set(Settings.model_fields)
    )
)
TYPES = st.sampled_from(["elasticsearch", "object_storage", "container_files", "avro", "**", "logs.app", "{env: A}"])
VALUES = st.recursive(
    SCALARS | TYPES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | SCALARS | TYPES, inner, max_size=4),
    max_leaves=12,
)
FILES = st.dictionaries(st.sampled_from(sorted(Settings.model_fields)), VALUES, max_size=5)


def parse(text: str, environ: dict[str, str]) -> None:
    with suppress(InvalidSettingsError):
        parse_settings(text, "logferry.yaml", environ)


@given(st.text(max_size=40) | st.text("{}[]&*!:- \n#'\"ab|>%@`,?", max_size=40))
def test_any_text_gives_settings_or_findings(text: str):
    parse(text, {})


@given(FILES)
def test_any_values_under_any_keys_give_settings_or_findings(data: dict[str, object]):
    parse(yaml.safe_dump(data), {})


@given(
    FILES, st.lists(NAMES | st.text("a_0[", max_size=4), min_size=1, max_size=4), st.text(max_size=8) | VALUES.map(str)
)
def test_any_variable_over_any_file_gives_settings_or_findings(data: dict[str, object], words: list[str], value: str):
    parse(yaml.safe_dump(data), {"LOGFERRY_" + "__".join(words).upper(): value})
