"""Every line of real logs is read by the format it has, with its level and its own columns.

What a line should say is taken from the line by its columns or words, not by the parser's own expression.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest

from schemas.severity import SEVERITY_BY_BYTES
from streams.core.parsers import PARSERS, syslog, text
from streams.core.parsers.detect import Detection
from tests.loghub import FILES, lines_of

DETECTION = Detection(PARSERS)
LEVEL_COLUMN = {"HDFS_2k.log": 3, "Spark_2k.log": 2}
LEVEL = {
    "Apache_2k.log": rb"\[[^]]*\] \[(\w+)\]",
    "HDFS_2k.log": rb"\d+ \d+ \d+ ([A-Z]+) ",
    "Linux_2k.log": rb"[^:]+:\d\d:\d\d \S+ [^:]+: (?:(warning|error|fatal): |(ALERT) )",
    "OpenSSH_2k.log": rb"[^:]+:\d\d:\d\d \S+ [^:]+: (warning|error|fatal): ",
    "Spark_2k.log": rb"\S+ \S+ ([A-Z]+) ",
}
"""Where the lines of a file say their level. Syslog's files have no place for it: only some daemons write it."""


def test_at_least_99_of_100_lines_that_say_their_level_have_the_severity_of_it():
    told, right = Counter(), Counter()
    for name in FILES:
        for line in lines_of(name):
            level = re.match(LEVEL[name], line)
            if level:
                parser, found = DETECTION.read(line, text.PARSER)
                told[name] += 1
                word = level[level.lastindex]
                right[name] += parser.severity(found) == (
                    SEVERITY_BY_BYTES.get(word) or SEVERITY_BY_BYTES[word.lower()]
                )
    for name in FILES:
        print(f"{name}: {right[name]} of {told[name]} lines that say their level")  # noqa: T201  # shown with -s
    assert min(told.values()) >= 45
    assert right.total() / told.total() >= 0.99


@pytest.mark.parametrize("name", LEVEL_COLUMN)
def test_every_line_of_java_logs_has_its_level_logger_and_message(name: str):
    column = LEVEL_COLUMN[name]
    lines = lines_of(name)
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
    line = lines_of("HDFS_2k.log")[0]
    found = PARSERS["log4j"].read(line)
    assert PARSERS["log4j"].fields(line, found)["attributes"]["process.pid"] == 148


def test_every_line_of_apaches_error_log_has_the_level_that_it_says():
    found = Counter()
    for line in lines_of("Apache_2k.log"):
        parser, parts = DETECTION.read(line, text.PARSER)
        level = re.match(LEVEL["Apache_2k.log"], line)[1]
        found[parser is PARSERS["apache_error"], parser.severity(parts) == SEVERITY_BY_BYTES[level]] += 1
    assert found == {(True, True): 2000}


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("Linux_2k.log", {0: 1955, 13: 2, 19: 43}),  # xinetd's "warning:" and logrotate's "ALERT"
        ("OpenSSH_2k.log", {0: 1952, 17: 47, 21: 1}),  # sshd's "error:" and "fatal:"
    ],
)
def test_every_line_of_a_syslog_file_has_the_severity_of_the_word_which_its_message_begins_with(name, levels):
    found = [DETECTION.read(line, text.PARSER) for line in lines_of(name)]
    assert {parser.name for parser, _ in found} == {"syslog"}
    assert Counter(parser.severity(each) for parser, each in found) == levels


def test_a_line_tells_host_program_and_process():
    line = lines_of("Linux_2k.log")[0]
    fields = syslog.fields(line, syslog.read(line))
    assert fields["attributes"] == {
        "time": "Jun 14 15:16:01",
        "hostname": "combo",
        "appname": "sshd(pam_unix)",
        "procid": "19939",
    }
    assert fields["body"] == "authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=218.188.2.4 "
