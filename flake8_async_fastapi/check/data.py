"""Findings for programs: JSON, and the formats of GitHub, GitLab and test reports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from xml.etree import ElementTree

from flake8_async_fastapi.check.report import Replacement, Report, Shown, rule_of, with_fingerprints
from flake8_async_fastapi.engine.places import Mention


def as_json(report: Report) -> Iterator[str]:
    """A list of objects; lines and columns count from 1."""
    yield json.dumps([_record(finding) for finding in report.findings], indent=2)


def _record(finding: Shown) -> dict[str, object]:
    rule = rule_of(finding.code)
    record: dict[str, object] = {
        "path": finding.path,
        "line": finding.line,
        "column": finding.col + 1,
        "end_line": finding.end.line,
        "end_column": finding.end.col + 1,
        "code": finding.code,
        "name": rule.name if rule is not None else None,
        "kind": "advice" if finding.is_advice else "bug",
        "level": finding.level,
        "message": finding.message,
        "cause": None if finding.cause is None else _place(finding.cause),
        "others": [_place(other) for other in finding.others],
    }
    if finding.edits:
        record["fix"] = {"is_safe": finding.is_safely_fixed, "edits": [_edit(edit) for edit in finding.edits]}
    return record


def _place(place: Mention) -> dict[str, object]:
    return {"path": place.path, "line": place.line, "message": place.text}


def _edit(edit: Replacement) -> dict[str, object]:
    return {
        "path": edit.path,
        "line": edit.start.line,
        "column": edit.start.col + 1,
        "end_line": edit.end.line,
        "end_column": edit.end.col + 1,
        "text": edit.text,
    }


def github(report: Report) -> Iterator[str]:
    """Workflow commands, which GitHub shows beside the lines of a pull request."""
    for finding in report.findings:
        kind = "warning" if finding.is_advice else "error"
        rule = rule_of(finding.code)
        fields = {
            "file": finding.path,
            "line": finding.line,
            "col": finding.col + 1,
            "endLine": finding.end.line,
            "endColumn": finding.end.col + 1,
            "title": f"{finding.code} {rule.name}" if rule is not None else finding.code,
        }
        written = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in fields.items())
        yield f"::{kind} {written}::{_escaped(finding.message)}"
    for path, why in report.unread:
        yield f"::error file={_escaped(path, ':,')}::{_escaped(f'not checked: {why}')}"


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def gitlab(report: Report) -> Iterator[str]:
    """A code quality report of GitLab."""
    yield json.dumps(
        [
            {
                "description": finding.message,
                "check_name": finding.code,
                "fingerprint": fingerprint,
                "severity": "minor" if finding.is_advice else "major",
                "location": {"path": finding.path, "lines": {"begin": finding.line}},
            }
            for finding, fingerprint in with_fingerprints(report.findings)
        ],
        indent=2,
    )


def junit(report: Report) -> Iterator[str]:
    """A test report in JUnit's format: each finding is a test that fails; if there is none, one passes."""
    suite = ElementTree.Element("testsuite", name="flake8-async-fastapi")
    for path, group in groupby(report.findings, key=lambda finding: finding.path):
        for finding in group:
            case = ElementTree.SubElement(
                suite, "testcase", classname=path, name=f"{finding.code} line {finding.line}"
            )
            failure = ElementTree.SubElement(case, "failure", type=finding.code, message=finding.message)
            failure.text = f"{path}:{finding.line}:{finding.col + 1}: {finding.code} {finding.message}"
    for path, why in report.unread:
        case = ElementTree.SubElement(suite, "testcase", classname=path, name="not checked")
        ElementTree.SubElement(case, "error", message=why)
    failures, errors = len(report.findings), len(report.unread)
    if not failures and not errors:
        ElementTree.SubElement(suite, "testcase", classname="flake8-async-fastapi", name="no findings")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(failures))
    suite.set("errors", str(errors))
    ElementTree.indent(suite)
    yield ElementTree.tostring(suite, encoding="unicode", xml_declaration=True)
