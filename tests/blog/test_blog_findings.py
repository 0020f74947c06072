"""The linter on the blog: every marked line of the rules that exist is reported, and nothing else is."""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from blog_marks import BLOG, VARIANTS, marks

from flake8_async_fastapi.rules.model import catalogue


def linted(variant: str, cache: Path) -> dict[tuple[str, int], frozenset[str]]:
    """The codes that flake8 reports at each line of a variant."""
    options = ["--isolated", "--select=AFA", f"--afa-cache-dir={cache}", "-j1"]
    command = [sys.executable, "-m", "flake8", *options, "app"]
    done = subprocess.run(command, cwd=BLOG / variant, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    found = defaultdict(set)
    for row in done.stdout.splitlines():
        path, line, _, text = row.split(":", 3)
        found[Path(path).as_posix(), int(line)].add(text.split()[0])
    return {place: frozenset(codes) for place, codes in found.items()}


@pytest.mark.parametrize("variant", VARIANTS)
def test_exactly_the_marked_lines_are_reported(variant: str, tmp_path: Path) -> None:
    known = {rule.code for rule, _ in catalogue()}
    expected = {place: codes & known for place, codes in marks(variant).items() if codes & known}
    assert linted(variant, tmp_path) == expected
