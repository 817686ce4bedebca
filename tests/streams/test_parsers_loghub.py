"""Every line of real HDFS and Spark logs is read by the format it has, with its level and its own columns.

The logs that this project was given stand beside it. What a line should say is taken from the line by its columns, not
by the parser's own expression.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers import PARSERS, text
from streams.core.parsers.detect import Detection

LOGHUB = Path(__file__).parents[3] / "shared" / "data" / "loghub"
LEVEL_COLUMN = {"HDFS_2k.log": 3, "Spark_2k.log": 2}
DETECTION = Detection(PARSERS)


@pytest.mark.parametrize("name", LEVEL_COLUMN)
def test_every_line_of_java_logs_has_its_level_logger_and_message(name: str):
    column = LEVEL_COLUMN[name]
    lines = (LOGHUB / name).read_bytes().splitlines()
    assert len(lines) == 2000
    for line in lines:
        parser, found = DETECTION.read(line, text.PARSER)
        columns = line.split(None, column + 2)
        level, logger = columns[column], columns[column + 1]
        fields = parser.fields(line, found)
        assert (parser.severity(found), fields["severity_text"]) == (SEVERITY_BY_BYTES[level], level.decode())
        assert fields["parser"] == "log4j"
        assert fields["attributes"]["logger"] == logger.decode().removesuffix(":")
        assert fields["attributes"]["time"] == b" ".join(columns[:2]).decode()
        assert fields["body"] == (columns[column + 2].decode() if len(columns) > column + 2 else line.decode())


def test_the_process_of_an_hdfs_line_is_a_number():
    line = (LOGHUB / "HDFS_2k.log").read_bytes().splitlines()[0]
    found = PARSERS["log4j"].read(line)
    assert PARSERS["log4j"].fields(line, found)["attributes"]["process.pid"] == 148
