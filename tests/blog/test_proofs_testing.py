"""AFA7, run for real: the tests of the half-converted blog under pytest."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from blog_marks import BLOG, proves
from pytest_runs import PLUGINS


def outcomes(variant: str, folder: str = "app/tests", prepare: str = "") -> tuple[str, dict[str, int]]:
    """What pytest prints for the tests of a variant, and how many end in which way.

    ``prepare`` is code that runs before.
    """
    root = BLOG / variant
    start = f"import sys, pytest\n{prepare}\nsys.exit(pytest.main([*sys.argv[1:], '.']))"
    command = [sys.executable, "-c", start, *PLUGINS]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    tests = root / folder
    done = subprocess.run(command, cwd=tests, env=environment, capture_output=True, text=True, check=False)
    counted = re.findall(r"(\d+) (passed|failed|error|skipped)", done.stdout.splitlines()[-1])
    return done.stdout, {word: int(number) for number, word in counted}


@proves("AFA701", "app/tests/test_security.py")
@proves("AFA702", "app/tests/test_security.py")
def test_afa701_afa702_nothing_runs_async_fixtures_and_tests() -> None:
    printed, counted = outcomes("pitfalls")
    assert "requested an async fixture 'token'" in printed
    assert "async def functions are not natively supported" in printed
    assert counted == {"failed": 1, "error": 1}
    assert outcomes("converted")[1] == {"passed": 2}


# In the place of PostgreSQL: here it is the pool that belongs to the first loop.
ARCHIVE = """
from sqlalchemy import create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session
from app.database import Base
from app.maintenance import compare_archive
from app.models import Post, Tag, User

with Session(create_engine("sqlite:///{database}")) as session:
    Base.metadata.create_all(session.connection())
    ada = User(username="ada", email="ada@example.org", password_hash="")
    session.add_all(Tag(name=name) for name in "abc")
    session.add_all(Post(title=title, body="", author=ada) for title in "abc")
    session.commit()
url = "sqlite+aiosqlite:///{database}"
compare_archive.archive_engine = create_async_engine(url, pool_size=1, max_overflow=0)
"""


@proves("AFA703", "app/maintenance/tests/test_archive.py")
@proves("AFA704", "app/maintenance/tests/test_widgets.py")
@proves("AFA705", "app/maintenance/tests/test_tags.py")
@proves("AFA706", "app/maintenance/tests/test_greeting.py")
def test_afa703_to_afa706_tests_fail_by_what_they_stand_on(tmp_path: Path) -> None:
    pytest.importorskip("asyncpg")
    counts = []
    for variant in ("pitfalls", "converted"):
        prepare = ARCHIVE.format(database=tmp_path / f"{variant}.db")
        printed, counted = outcomes(variant, "app/maintenance/tests", prepare)
        counts.append(counted)
        if variant == "pitfalls":
            assert re.search(
                "test_the_archive_has_them_still.*bound to a different event loop", printed, re.DOTALL
            )
            assert "'State' object has no attribute 'headline'" in printed
            assert "no such table: tags" in printed
            assert "200 == 422" in printed
    assert counts == [{"failed": 4, "passed": 2}, {"passed": 6}]
