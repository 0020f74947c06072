"""AFA415: a function is called without an argument that only FastAPI passes."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import CalledByHand
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA415",
    "dependency-called-by-hand",
    "bug",
    "a call leaves a parameter at its default, Depends(...) or Query(...)",
)


def check(events: Events) -> Iterator[Finding]:
    for called in events.of(CalledByHand):
        if called.is_default:
            yield RULE.at(
                called,
                f"{called.text} leaves {called.parameter} at {called.marker}: only FastAPI replaces it "
                f"with a value; pass {called.parameter}",
            )
        else:
            yield RULE.at(
                called,
                f"{called.text} does not pass {called.parameter}, so it fails: only FastAPI resolves "
                f"{called.marker}; pass {called.parameter}",
            )
