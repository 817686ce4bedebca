"""``logferry test`` says what differs, where a file is wrong, and what a machine needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.app import app

GOOD = """
settings: {severity: [{match: "**", minimum: info}]}
tests:
  - name: debug lines are dropped
    lines: ["DEBUG a", "ERROR b"]
    expect:
      topics: {logs.app: ["ERROR b"]}
      dropped: {severity: 1}
"""

BAD = """
# of the shop
tests:
  - name: holds
    lines: [a]
    expect: {topics: {logs.app: [a]}}
  - name: does not hold   # yet
    lines: ['{"level":"warn","msg":"slow","ms":250,"path":"/cart"}', and more]
    expect:
      topics:
        logs.app:
          - body: slow
            severity: error
            attributes: {ms: 25}
        logs.errors: [slow]
      dropped: {unmatched: 1}
    # the end of it
"""

DIFFERENCE = """\
        - expected  + came out
         topics:
           logs.app:
             - body: slow
        -      severity: ERROR
        +      severity: WARN
               attributes:
        -        ms: 25
        -  logs.errors:
        -    - slow
        -dropped:
        -  unmatched: 1
        +        ms: 250
        +    - body: and more
        +      severity: unknown
"""

WRONG = """
settings: {severity: [{match: "**", minimum: wran}]}
tests:
  - name: a
    source: {namespce: shop}
    line: [a]
    expect:
      topics: {logs.app: [{boby: a}]}
"""


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["test", *map(str, words)])


def file(folder: Path, text: str, name: str = "a.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_tests_that_hold_are_called_ok_with_their_place(tmp_path: Path) -> None:
    path = file(tmp_path, GOOD)
    answer = run(path)
    assert answer.stdout == f"ok      {path}:4  debug lines are dropped\n1 test in 1 file: all ok\n"
    assert answer.exit_code == 0


def test_what_differs_is_shown_line_by_line_and_the_status_is_1(tmp_path: Path) -> None:
    path = file(tmp_path, BAD)
    answer = run(path)
    assert answer.stdout == (
        f"ok      {path}:4  holds\nFAILED  {path}:7  does not hold\n{DIFFERENCE}2 tests in 1 file: 1 ok, 1 failed\n"
    )
    assert answer.exit_code == 1


def test_machines_get_both_sides(tmp_path: Path) -> None:
    path = file(tmp_path, BAD)
    answer = run(path, "--json")
    found = json.loads(answer.stdout)
    assert answer.exit_code == 1
    assert (found["ok"], found["passed"], found["failed"]) == (False, 1, 1)
    assert found["tests"][0] == {"file": str(path), "line": 4, "name": "holds", "ok": True}
    assert found["tests"][1]["got"] == {
        "topics": {
            "logs.app": [
                {"body": "slow", "severity": "WARN", "attributes": {"ms": 250}},
                {"body": "and more", "severity": "unknown"},
            ]
        }
    }
    assert found["tests"][1]["expected"]["dropped"] == {"unmatched": 1}


def test_a_wrong_file_is_told_with_all_mistakes_their_lines_and_what_was_meant(tmp_path: Path) -> None:
    path = file(tmp_path, WRONG)
    command = [sys.executable, "-m", "deploy.cli", "test", str(path)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert "Traceback" not in answer.stderr
    for words in (
        f"{path}:2: settings.severity[0].minimum: 'wran' is not one of the choices (did you mean warn?",
        f"{path}:5: tests[0].source.namespce: unknown key (did you mean namespace?)",
        f"{path}:6: tests[0].line: unknown key (did you mean lines?)",
        f"{path}:8: tests[0].expect.topics.logs.app[0].boby: unknown key (did you mean body?)",
    ):
        assert words in answer.stderr


def test_machines_get_the_mistakes_of_all_files(tmp_path: Path) -> None:
    file(tmp_path, WRONG, "a.yaml")
    file(tmp_path, "tests: []\n", "b.yml")
    answer = run(tmp_path, "--json")
    found = json.loads(answer.stdout)
    assert (answer.exit_code, found["ok"]) == (2, False)
    assert {Path(each["file"]).name for each in found["findings"]} == {"a.yaml", "b.yml"}


def test_folders_and_patterns_mean_the_files_in_them_once(tmp_path: Path) -> None:
    file(tmp_path, GOOD, "a.yaml")
    file(tmp_path / "inner", GOOD, "b.yml")
    file(tmp_path, "no: test", "c.txt")
    assert "2 tests in 2 files: all ok" in run(tmp_path).stdout
    assert "1 test in 1 file: all ok" in run(f"{tmp_path}/*.yaml").stdout
    assert "2 tests in 2 files: all ok" in run(tmp_path / "a.yaml", f"{tmp_path}/**/*.y*ml").stdout


@pytest.mark.parametrize("name", ["nothing.yaml", "*.nothing"])
def test_a_path_that_means_nothing_is_an_error(tmp_path: Path, name: str) -> None:
    answer = run(tmp_path / name)
    assert name in str(answer.exception)


def test_only_the_tests_that_are_named_are_run(tmp_path: Path) -> None:
    path = file(tmp_path, BAD)
    assert run(path, "--only", "holds").stdout.splitlines()[-1] == "1 test in 1 file: all ok"
    assert run(path, "--only", "*hold*").stdout.splitlines()[-1] == "2 tests in 1 file: 1 ok, 1 failed"
    assert "did you mean 'holds'?" in str(run(path, "--only", "hold").exception)


def test_update_writes_what_came_out_and_leaves_all_else_as_it_is(tmp_path: Path) -> None:
    path = file(tmp_path, BAD)
    answer = run(path, "--update")
    assert (answer.exit_code, answer.stdout) == (0, f"{path}: 1 updated\n")
    head, _, _ = BAD.partition("    expect:\n")
    assert path.read_text() == head + (
        "    expect:\n"
        "      topics:\n"
        "        logs.app:\n"
        "          - body: slow\n"
        "            severity: WARN\n"
        "            attributes:\n"
        "              ms: 250\n"
        "          - body: and more\n"
        "            severity: unknown\n"
        "    # the end of it\n"
    )
    assert run(path).exit_code == 0


def test_update_prints_what_has_no_line_of_its_own(tmp_path: Path) -> None:
    text = "tests: [{name: a, lines: [b]}]\n"
    path = file(tmp_path, text)
    answer = run(path, "--update")
    assert answer.exit_code == 1
    assert (
        f"{path}:1: write this into 'a' yourself:\nexpect:\n  topics:\n    logs.app:\n      - body: b\n"
        in answer.stdout
    )
    assert path.read_text() == text


def test_settings_come_from_the_file_that_is_named_from_the_tests_folder_on(tmp_path: Path) -> None:
    file(tmp_path, "severity: [{match: '**', minimum: error}]\n", "logferry.yaml")
    tests = 'config: ../logferry.yaml\ntests:\n  - {name: a, lines: ["INFO a"], expect: {dropped: {severity: 1}}}\n'
    path = file(tmp_path / "rules", tests)
    assert run(path).exit_code == 0


def test_settings_that_are_named_nowhere_are_those_of_the_command_line(tmp_path: Path) -> None:
    config = file(tmp_path, "severity: [{match: '**', minimum: error}]\n", "logferry.yaml")
    path = file(tmp_path, 'tests:\n  - {name: a, lines: ["INFO a"], expect: {dropped: {severity: 1}}}\n')
    assert run(path, "--config", config).exit_code == 0
    assert run(path).exit_code == 1


def test_a_log_line_cannot_control_the_terminal(tmp_path: Path) -> None:
    path = file(tmp_path, 'tests:\n  - {name: a, lines: ["red \\e[31m", "\\u202Eback"]}\n')
    answer = run(path)
    assert answer.exit_code == 1
    assert "\x1b" not in answer.stdout
    assert "\u202e" not in answer.stdout


def test_editors_get_a_schema_that_knows_the_keys() -> None:
    schema = json.loads(run("--schema").stdout)
    assert set(schema["properties"]) == {"config", "settings", "source", "tests"}
    assert {"lines", "text", "live", "expect"} <= set(schema["$defs"]["PipelineTest"]["properties"])


def test_no_file_at_all_is_a_mistake() -> None:
    assert "no tests are named" in str(run().exception)
