"""``flake8-async-fastapi check``, as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from check_runs import AWAITING, LOADING, MAIN, QUERIES, Check, as_json
from flake8_runs import RunFlake8, write_files


def test_the_same_findings_as_flake8(check: Check, tmp_path: Path, flake8: RunFlake8) -> None:
    (tmp_path / "main.py").write_text(MAIN.replace("größe = 1; ", ""))  # flake8 counts bytes, not characters
    status, out, _ = check("--output-format=concise")
    assert status == 1
    assert sorted(out.splitlines()) == sorted(line.removeprefix("./") for line in flake8(tmp_path).lines)
    assert len(out.splitlines()) == 2


def test_full_shows_the_code_and_the_other_places(check: Check) -> None:
    status, out, err = check("main.py")
    assert (status, err) == (1, "")
    assert "main.py:12:11: AFA301 unloaded-relationship-access" in out
    assert "\n 12 |     print(shelf.jars)\n    |           ^^^^^^^^^^\n" in out
    assert "    : queries.py:8: this query loads the Shelf\n" in out
    assert " 7 |     größe = 1; session.commit()\n   |                ^^^^^^^^^^^^^^^^\n" in out
    assert out.splitlines()[-2].startswith("2 findings, 0 of them advice; 1 file checked in ")


def test_json(check: Check) -> None:
    first, second = json.loads(check("--output-format=json")[1])
    assert (first["path"], first["line"], first["column"], first["end_column"]) == ("main.py", 7, 16, 32)
    assert (first["code"], first["name"], first["kind"]) == ("AFA101", "unawaited-database-call", "bug")
    assert second["others"] == [{"path": "queries.py", "line": 8, "message": "this query loads the Shelf"}]
    assert second["cause"] == second["others"][0]
    assert first["cause"] is None and first["others"] == []


def test_levels(check: Check, tmp_path: Path) -> None:
    held = """\
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from models import Jar, Shelf


async def show(session: AsyncSession, key: int) -> None:
    shelf = (await session.scalars(select(Shelf))).first()
    jar = (await session.scalars(select(Jar).where(Jar.id == key))).one()
    print(jar.shelf, shelf)
"""
    (tmp_path / "main.py").write_text(held)
    assert json.loads(check("--output-format=json")[1]) == []
    (row,) = json.loads(check("--output-format=json", "--afa-level=likely")[1])
    assert (row["level"], row["code"]) == ("likely", "AFA301")
    assert row["message"].startswith("may fail, unless the session happens to hold that Shelf")
    log = json.loads(check("--output-format=sarif", "--afa-level=likely")[1])
    assert [result["level"] for result in log["runs"][0]["results"]] == ["warning"]


def test_github(check: Check, tmp_path: Path) -> None:
    (tmp_path / "100%,a.py").write_text(MAIN)
    lines = check("--output-format=github")[1].splitlines()
    assert len(lines) == 4
    assert lines[0].startswith(
        "::error file=100%25%2Ca.py,line=7,col=16,endLine=7,endColumn=32,title=AFA101 "
    )
    assert lines[0].endswith("write await session.commit()")


def test_gitlab_fingerprints_stay_where_lines_move(check: Check, tmp_path: Path) -> None:
    before = json.loads(check("--output-format=gitlab")[1])
    assert [row["location"] for row in before] == [
        {"path": "main.py", "lines": {"begin": line}} for line in (7, 12)
    ]
    assert len({row["fingerprint"] for row in before}) == 2
    (tmp_path / "main.py").write_text(f"# first\n{MAIN}")
    after = json.loads(check("--output-format=gitlab")[1])
    assert [row["fingerprint"] for row in after] == [row["fingerprint"] for row in before]


def test_junit(check: Check, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def f(:\n")
    suite = ElementTree.fromstring(check("--output-format=junit")[1])
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("3", "2", "1")
    clean = ElementTree.fromstring(check("--output-format=junit", "models.py")[1])
    assert (clean.get("tests"), clean.get("failures"), len(clean)) == ("1", "0", 1)


def test_sarif(check: Check) -> None:
    log = json.loads(check("--output-format=sarif")[1])
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == ["AFA101", "AFA301"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        (location,) = result["locations"]
        assert location["physicalLocation"]["artifactLocation"] == {"uri": "main.py"}
    for rule in run["tool"]["driver"]["rules"]:
        assert rule["help"]["markdown"].startswith("# ") and rule["id"] in rule["help"]["text"]
    _, loading = run["results"]
    (flow,) = loading["codeFlows"][0]["threadFlows"]
    steps = [step["location"]["physicalLocation"]["artifactLocation"]["uri"] for step in flow["locations"]]
    assert steps == ["queries.py", "main.py"]
    assert loading["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 8}


def test_output_file(check: Check, tmp_path: Path) -> None:
    status, out, _ = check("--output-format=json", "--output-file=found.json")
    assert (status, out) == (1, "")
    assert len(json.loads((tmp_path / "found.json").read_text())) == 2
    assert not (tmp_path / "found.json.new").exists()
    status, _, err = check("--output-file=no/where.json")
    assert status == 2 and "cannot be written" in err


def test_statistics_and_exit_zero(check: Check) -> None:
    status, out, _ = check("--statistics", "--exit-zero")
    assert status == 0
    assert out.splitlines()[-2:] == ["     1 AFA101", "     1 AFA301"]


# --- what flake8 is configured to show -----------------------------------------------------------


def test_configuration_for_other_plugins_does_not_silence_this_one(check: Check, tmp_path: Path) -> None:
    (tmp_path / ".flake8").write_text("[flake8]\nselect = E,F,W\n")
    assert as_json(check) == [AWAITING, LOADING]


def test_configuration_and_options_choose_codes_and_files(check: Check, tmp_path: Path) -> None:
    (tmp_path / ".flake8").write_text("[flake8]\nper-file-ignores = main.py:AFA1\n")
    assert as_json(check) == [LOADING]
    assert as_json(check, "--isolated") == [AWAITING, LOADING]
    assert as_json(check, "--isolated", "--select=AFA1") == [AWAITING]
    assert as_json(check, "--isolated", "--ignore=AFA1") == [LOADING]
    assert as_json(check, "--isolated", "--exclude=main.py") == []


def test_comments_suppress(check: Check, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(MAIN.replace("commit()", "commit()  # noqa: AFA101"))
    status, out, _ = check()
    assert status == 1 and "AFA101" not in out.replace("noqa: AFA101", "")
    assert "1 finding, 0 of them advice, 1 suppressed by comments; 3 files checked" in out
    assert as_json(check, "--disable-noqa") == [AWAITING, LOADING]
    (tmp_path / "main.py").write_text(f"# flake8: noqa\n{MAIN}")
    assert as_json(check) == []


def test_standard_input(check: Check) -> None:
    status, out, _ = check("--output-format=concise", "--stdin-display-name=new.py", "-", text=MAIN)
    assert status == 1
    assert [line.split(": ")[0] for line in out.splitlines()] == ["new.py:7:16", "new.py:12:11"]


# --- findings of other files, at their origin --------------------------------------------------------

ORIGIN = ("queries.py", 8, "AFA301")


def test_a_named_file_tells_what_it_breaks_elsewhere(check: Check) -> None:
    status, out, _ = check("queries.py")
    assert status == 1
    assert "queries.py:8:5: AFA301 unloaded-relationship-access" in out
    told = "Shelf.jars is read, which raises MissingGreenlet: the query at queries.py:8 does not load it"
    assert f"= at main.py:12, {told}" in out
    assert ": main.py:12: it is reported here when this file is checked" in out
    assert as_json(check, "queries.py", "main.py") == [AWAITING, LOADING]
    assert as_json(check) == [AWAITING, LOADING]
    assert as_json(check, "models.py") == []


def test_the_field_that_reads_is_among_the_other_places(check: Check, tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "schemas.py": "from pydantic import BaseModel\n\n\nclass JarOut(BaseModel):\n    id: int\n\n\n"
            "class ShelfOut(BaseModel):\n    id: int\n    jars: list[JarOut]\n",
            "main.py": MAIN.replace("print(shelf.jars)", "ShelfOut.model_validate(shelf)").replace(
                "import find\n", "import find\nfrom schemas import ShelfOut\n"
            ),
        },
    )
    assert "\n    : schemas.py:10: Shelf.jars is read for this field\n" in check("main.py")[1]
    assert as_json(check, "schemas.py") == [("schemas.py", 10, "AFA303")]
    # lines above the field move it, and the kept finding with it
    (tmp_path / "schemas.py").write_text("\n" + (tmp_path / "schemas.py").read_text())
    assert "\n    : schemas.py:11: Shelf.jars is read for this field\n" in check("main.py")[1]


def test_the_file_of_the_finding_decides_too(check: Check, tmp_path: Path) -> None:
    assert as_json(check, "--exclude=main.py", "queries.py") == []
    assert as_json(check, "--per-file-ignores=main.py:AFA3", "queries.py") == []
    assert as_json(check, "--per-file-ignores=queries.py:AFA3", "queries.py") == []
    assert as_json(check, "--per-file-ignores=queries.py:AFA1", "queries.py") == [ORIGIN]
    (tmp_path / "main.py").write_text(MAIN.replace("print(shelf.jars)", "print(shelf.jars)  # noqa: AFA301"))
    assert as_json(check, "queries.py") == []
    (tmp_path / "main.py").write_text(MAIN)
    (tmp_path / "queries.py").write_text(QUERIES.replace(".one()", ".one()  # noqa: AFA301"))
    assert as_json(check, "queries.py") == []


def test_the_baseline_knows_what_is_told_elsewhere(check: Check) -> None:
    check("--write-baseline=known.json")
    assert as_json(check, "--baseline=known.json", "queries.py") == []


def test_files_are_named_from_any_folder(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(tmp_path / "queries.py")
    assert as_json(check, path) == [(path, 8, "AFA301")]
    (tmp_path / "inner").mkdir()
    monkeypatch.chdir(tmp_path / "inner")
    assert as_json(check, "../queries.py") == [("../queries.py", 8, "AFA301")]


# --- never silently nothing ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.py"], "there is no file or folder nowhere.py"),
        (["--afa-root=nowhere"], "the configured project root is not a directory"),
        (["--afa-blocking=AFA999=x"], "AFA999 is not one of"),
        (["--config=no.cfg"], "does not exist"),
        (["--baseline=none.json"], "cannot be read"),
        (["--baseline=main.py"], "is no baseline"),
    ],
)
def test_what_cannot_be_done_is_said(check: Check, arguments: list[str], said: str) -> None:
    status, out, err = check(*arguments)
    assert (status, out) == (2, "")
    assert said in err and "Traceback" not in err


def test_file_that_does_not_parse(check: Check, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("x = 1\ndef f(:\n")
    status, out, _ = check("broken.py")
    assert status == 1
    assert "broken.py: not checked: line 2: " in out


def test_fault_of_the_tool(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("flake8_async_fastapi.analysis.check_all", fails)
    status, out, _ = check("main.py")
    assert status == 1
    assert "main.py:1:1: AFA001" in out
    assert "this file could not be analysed" in out


# --- the baseline ----------------------------------------------------------------------------------


def test_baseline(check: Check, tmp_path: Path) -> None:
    status, out, _ = check("--write-baseline=known.json")
    assert (status, out) == (0, "2 findings written to known.json\n")
    status, out, _ = check("--baseline=known.json")
    assert status == 0 and "2 in the baseline" in out
    # code that moves is known still, the same mistake once more is not
    again = MAIN.replace("session.commit()", "session.commit()\n    größe = 1; session.commit()")
    (tmp_path / "main.py").write_text(f"# first\n{again}")
    assert as_json(check, "--baseline=known.json") == [("main.py", 9, "AFA101")]
    # what is mended is told
    (tmp_path / "main.py").write_text(MAIN.replace("session.commit()", "await session.commit()"))
    status, out, _ = check("--baseline=known.json")
    assert status == 0
    line = "größe = 1; session.commit()"
    assert f"The baseline lists AFA101 in main.py, which is no longer found: {line}" in out


def test_a_run_of_a_part_says_nothing_of_the_rest_of_a_baseline(check: Check, tmp_path: Path) -> None:
    check("--write-baseline=known.json")
    (tmp_path / "main.py").write_text("")
    gone = "The baseline lists AFA101 in main.py"
    assert gone in check("--baseline=known.json")[1]
    assert gone not in check("--baseline=known.json", "models.py")[1]
    status, out, _ = check("--baseline=known.json", "--select=AFA3")
    assert status == 0 and gone not in out and "The baseline lists AFA301 in main.py" in out
    # in the other formats, too, beside the findings
    _, out, err = check("--baseline=known.json", "--output-format=json")
    assert json.loads(out) == [] and gone in err
    (tmp_path / "main.py").unlink()
    assert gone in check("--baseline=known.json")[1]


@pytest.mark.parametrize("form", ["full", "concise", "sarif"])
def test_a_run_in_which_there_is_nothing_to_check(check: Check, tmp_path: Path, form: str) -> None:
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "setup.cfg").touch()
    status, _, err = check(f"--output-format={form}", "static")
    assert status == 0
    assert f"the project root {tmp_path / 'static'} holds no Python file\n" in err
    assert "nothing to check in static: no Python file, or all are excluded\n" in err
    assert check(f"--output-format={form}", "main.py")[2] == ""


def test_baseline_of_another_version(check: Check, tmp_path: Path) -> None:
    (tmp_path / "known.json").write_text('{"version": 2, "findings": []}')
    status, _, err = check("--baseline=known.json")
    assert status == 2 and "version 2" in err
