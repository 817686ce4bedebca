"""Every pipeline test under ``pipelines/`` holds, by the same code as ``logferry test`` runs.

Each is run twice: with its lines in as few chunks as can be, and with every line in a chunk of its own, because where a
producer cuts must change nothing.
"""

import re
from pathlib import Path

import pytest

from deploy.pipeline_tests.compare import compare
from deploy.pipeline_tests.load import LoadedTest, files_of, load_files
from deploy.pipeline_tests.run import run_test
from schemas.settings import parse_settings

FOLDER = Path(__file__).parent / "pipelines"
LOADED = load_files(files_of([FOLDER]), lambda: parse_settings("", "the defaults", {}))


def _id(loaded: LoadedTest) -> str:
    return f"{Path(loaded.file).stem}: {re.sub('[^ -~]', '', loaded.test.name)}"


@pytest.mark.parametrize("most_lines", [0, 1], ids=["whole", "by line"])
@pytest.mark.parametrize("loaded", LOADED, ids=_id)
def test_what_comes_out_is_what_the_file_says(loaded: LoadedTest, most_lines: int) -> None:
    found = compare(loaded.test.expect, run_test(loaded, most_lines))
    assert found.unaccounted == 0
    assert found.texts[1] == found.texts[0]
