"""How many Python functions of this package a lint of the blog calls: a cost that has no noise.

Run as a script, it prints the counts of this process.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType

DATA = Path(__file__).parent / "calls.json"
MOST = 0.01
"""By which share the calls may differ from those that are recorded."""


def count_calls() -> dict[str, int]:
    """The calls by part of the package, of one lint without a cache; imports are not counted."""
    import flake8_async_fastapi
    from flake8_async_fastapi.analysis import open_analysis, salt
    from flake8_async_fastapi.extract import extract, templates
    from flake8_async_fastapi.rules.model import catalogue
    from flake8_async_fastapi.store.cache import Cache

    assert extract and templates and catalogue() and salt()  # else imported or computed in the lint
    package = Path(flake8_async_fastapi.__file__).parent
    calls: Counter[str] = Counter()

    def profile(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            calls[frame.f_code.co_filename] += 1

    sys.setprofile(profile)
    analysis = open_analysis(package / "blog" / "pitfalls", Cache(None))
    found = [finding for path in analysis.sources for finding in analysis.findings(path)]
    sys.setprofile(None)
    assert found
    parts: Counter[str] = Counter()
    for path, number in calls.items():
        if Path(path).is_relative_to(package):
            parts[Path(path).relative_to(package).parts[0].removesuffix(".py")] += number
    return dict(sorted(parts.items()))


def measure() -> dict[str, int]:
    """The calls by part, counted in a new process with hashes of a fixed order."""
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, text=True, check=True
    )
    counts: dict[str, int] = json.loads(done.stdout)
    return counts


def versions() -> dict[str, str]:
    """What the counts depend on beside this package."""
    python = ".".join(map(str, sys.version_info[:2]))
    return {"python": python, **{name: importlib.metadata.version(name) for name in ("astroid", "jinja2")}}


def judge(recorded: Mapping[str, int], now: Mapping[str, int]) -> str:
    """What is wrong with the sum of the counts, with the parts that changed; empty if nothing is."""
    before, after = sum(recorded.values()), sum(now.values())
    if abs(after - before) <= MOST * before:
        return ""
    word = "more" if after > before else "fewer"
    told = [f"{after} calls, {abs(after - before) / before:.1%} {word} than the {before} that are recorded"]
    for part in sorted(recorded.keys() | now.keys()):
        old, new = recorded.get(part, 0), now.get(part, 0)
        if old != new:
            told.append(f"{part}: {old} -> {new}")
    return "\n".join(told)


def record() -> None:
    """Write what is so now to the file of data."""
    data = {"versions": versions(), "calls": measure()}
    DATA.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    print(json.dumps(count_calls()))
