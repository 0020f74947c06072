"""Findings as SARIF 2.1.0, which code hosts and editors read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePath
from urllib.parse import quote

from flake8_async_fastapi import __version__
from flake8_async_fastapi.check.report import Replacement, Report, Shown, with_fingerprints
from flake8_async_fastapi.engine.places import Mention
from flake8_async_fastapi.pages import find_page, shorten_page
from flake8_async_fastapi.rules.model import Level, Rule, catalogue


def sarif(report: Report) -> Iterator[str]:
    """A log with one run: the rules with findings, and the findings."""
    found = {finding.code for finding in report.findings}
    rules = [rule for rule, _ in catalogue() if rule.code in found]
    places = {rule.code: number for number, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "flake8-async-fastapi",
                "version": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.unread,
                "toolExecutionNotifications": [
                    {
                        "level": "error",
                        "message": {"text": f"not checked: {why}"},
                        "locations": [{"physicalLocation": {"artifactLocation": {"uri": _uri(path)}}}],
                    }
                    for path, why in report.unread
                ],
            }
        ],
        "results": [
            _result(finding, fingerprint, places)
            for finding, fingerprint in with_fingerprints(report.findings)
        ],
    }
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    yield json.dumps(log, indent=2)


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.code,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.summary},
        "help": _help(rule),
        "defaultConfiguration": {"level": _level(rule.kind == "advice")},
    }


def _help(rule: Rule) -> dict[str, str]:
    """The rule's page, which code hosts show beside a finding."""
    page = find_page(rule.code)
    if page is None:
        return {"text": f"flake8-async-fastapi explain {rule.code} shows the page of this rule."}
    text = shorten_page(page.read_text(encoding="utf-8"))
    return {"text": text, "markdown": text}


def _level(is_advice: bool, level: Level = "certain") -> str:
    return "note" if is_advice else "error" if level == "certain" else "warning"


def _result(finding: Shown, fingerprint: str, places: dict[str, int]) -> dict[str, object]:
    result: dict[str, object] = {
        "ruleId": finding.code,
        "level": _level(finding.is_advice, finding.level),
        "message": {"text": finding.message},
        "locations": [_here(finding)],
        "partialFingerprints": {"fileCodeAndLine/v1": fingerprint},
    }
    if finding.code in places:
        result["ruleIndex"] = places[finding.code]
    if finding.others:
        result["relatedLocations"] = [
            {"id": number, **_there(other)} for number, other in enumerate(finding.others, 1)
        ]
        steps = [*map(_there, finding.others), {**_here(finding), "message": {"text": finding.message}}]
        result["codeFlows"] = [{"threadFlows": [{"locations": [{"location": step} for step in steps]}]}]
    if finding.edits:
        changes = [
            {"artifactLocation": {"uri": _uri(path)}, "replacements": list(map(_replacement, edits))}
            for path, edits in groupby(finding.edits, key=lambda edit: edit.path)
        ]
        result["fixes"] = [{"artifactChanges": changes}]
    return result


def _replacement(edit: Replacement) -> dict[str, object]:
    region = {
        "startLine": edit.start.line,
        "startColumn": edit.start.col + 1,
        "endLine": edit.end.line,
        "endColumn": edit.end.col + 1,
    }
    return {"deletedRegion": region, "insertedContent": {"text": edit.text}}


def _here(finding: Shown) -> dict[str, object]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.col + 1,
        "endLine": finding.end.line,
        "endColumn": finding.end.col + 1,
    }
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(finding.path)}, "region": region}}


def _there(other: Mention) -> dict[str, object]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(other.path)},
            "region": {"startLine": other.line},
        },
        "message": {"text": other.text},
    }


def _uri(path: str) -> str:
    pure = PurePath(path)
    return pure.as_uri() if pure.is_absolute() else quote(pure.as_posix())
