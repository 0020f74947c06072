"""AFA7, run for real: the tests of the half-converted blog under pytest."""

import os
import re
import subprocess
import sys

from blog_marks import BLOG, proves


def outcomes(variant: str) -> tuple[str, dict[str, int]]:
    """What pytest prints for the tests of a variant, and how many end in which way."""
    root = BLOG / variant
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "."]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    tests = root / "app" / "tests"
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
