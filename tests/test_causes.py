"""Every way in which an attribute can be missing is reported, and by one rule only."""

from __future__ import annotations

from typing import get_args

import pytest

from flake8_async_fastapi.domains.orm.events import Cause, Missing
from flake8_async_fastapi.rules.model import Events, check_all

USES = ("read", "shown", "mutated", "response", "validated", "template")
OWN_RULES = {
    "commit": "AFA305", "rollback": "AFA305", "expire": "AFA305", "server": "AFA306", "update": "AFA306",
    "deferred": "AFA307", "subclass": "AFA307", "detached": "AFA310", "noload": "AFA314",
    "dynamic": "AFA312", "write_only": "AFA312",
}  # fmt: skip
BY_USE = {"response": "AFA303", "validated": "AFA303", "template": "AFA304", "mutated": "AFA308"}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("cause", get_args(Cause))
def test_one_rule_reports_it(cause: str, use: str) -> None:
    origin, place = ("query", "main.py", 3), ("main.py", 5, "")
    missing = Missing("main.py", 9, 0, "read", ("Post.author",), cause, use, True, origin, place)
    written = "AFA302" if cause in ("new", "refreshed", "merged") else "AFA301"
    expected = OWN_RULES.get(cause) or BY_USE.get(use) or written
    (finding,) = check_all(Events([missing]))
    assert (finding.code, finding.line) == (expected, 9)
    assert "Post.author" in finding.message
