"""Fix bugs of real applications, as they were before their authors mended them.

    python benchmarks/fixed_bugs.py BUGS --repos FOLDER [--only TEXT] [--show]

Each line of BUGS is a bug in JSON: ``repo`` (OWNER/NAME) and ``root`` (the folder of the application), the
commits ``fix`` and ``parent``, and the places where the bug is: ``site``, ``access``, ``query``, ``call``,
``also``.  FOLDER holds the git directories, as OWNER+NAME/repo.  Nothing of the applications is run.

A bug is *found* if the parent has a finding near one of its places, or in the same function, that the
author's commit takes away.  It *can be mended* if the rule has a fix.  It is *gone* if after ``fix --unsafe``
of the files with those places no such finding is left, and none is new.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import os
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from flake8_async_fastapi.check.fixing import Fixing, run_fix
from flake8_async_fastapi.check.run import open_run
from flake8_async_fastapi.fixes.edits import unified_diff
from flake8_async_fastapi.rules.model import Finding, catalogue

_NEAR: Final = 6
_PLACES: Final = ("site", "access", "query", "call")
_OPTIONS: Final = ("--isolated", "--select=AFA", "-j1")
_READ: Final = (".py", ".pyi", ".html", ".jinja", ".jinja2", ".j2", "pyproject.toml", "setup.cfg")
_FIXABLE: Final = {rule.code for rule, _ in catalogue() if rule.fixable != "no"}

_Key: TypeAlias = tuple[str, str, str]
_Spans: TypeAlias = Mapping[str, Sequence[tuple[int, int]]]


def main() -> None:
    """Fix the bugs, and print what became of each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bugs", type=Path)
    parser.add_argument("--repos", type=Path, required=True)
    parser.add_argument("--only", default="", help="a part of the id, the kind or the repository")
    parser.add_argument("--show", action="store_true", help="print the changes, too")
    arguments = parser.parse_args()
    outcomes: Counter[str] = Counter()
    for line in arguments.bugs.read_text().splitlines():
        bug = json.loads(line)
        repository = (arguments.repos / bug["repo"].replace("/", "+") / "repo").resolve()
        if arguments.only in f"{bug['id']} {bug['kind']} {bug['repo']}" and repository.is_dir():
            outcome, said = _fix(bug, repository, shows=arguments.show)
            outcomes[outcome] += 1
            print(f"{outcome:16} {bug['kind']:30} {bug['id']}", *said, sep="\n    ", flush=True)
    mendable = outcomes["gone"] + outcomes["left"] + outcomes["new findings"]
    print(f"{outcomes['gone']} of {mendable} bugs that are found and can be mended are gone")
    print(dict(outcomes))


def _fix(bug: Mapping[str, Any], repository: Path, *, shows: bool) -> tuple[str, list[str]]:
    """What became of a bug; and why: findings, fixes that were taken back, changes."""
    places = _places(bug)
    with _tree(repository, bug["fix"], bug["root"]):
        mended = _counted(_lint(_existing(places)))
    with _tree(repository, bug["parent"], bug["root"]):
        fixing, outcome = run_fix(_existing(places), _OPTIONS, unsafe=True)
        spans = {path: _functions(fixing.read(path) or "") for path, _ in places}
    found = []
    for one in outcome.before:
        if _is_near(one, places, spans):
            if mended[_key(one)]:
                mended[_key(one)] -= 1
            else:
                found.append(one)
    can_be_mended = _counted(one for one in found if one.code in _FIXABLE)
    gone = _counted(outcome.before) - _counted(outcome.left)
    new = _counted(one for one in outcome.left if not one.advice) - _counted(outcome.before)
    said = [f"{one.path}:{one.line} {one.code} {one.message}" for one in found]
    said += [f"taken back: {back.finding.path}:{back.finding.line} {back.why}" for back in outcome.taken_back]
    said += [f"new: {' '.join(key)}" for key in new]
    if shows:
        for path, text in outcome.texts.items():
            said += [row.rstrip("\n") for row in unified_diff(path, fixing.read(path) or "", text)]
    if not can_be_mended:
        return ("has no fix" if found else "not found"), said
    return "new findings" if new else "left" if can_be_mended - gone else "gone", said


def _places(bug: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Where the bug is: files from the root of the application, and lines."""
    named = [bug[key] for key in _PLACES if isinstance(bug.get(key), dict)]
    return [
        (os.path.relpath(place["file"], bug["root"] or "."), place["line"])
        for place in [*named, *bug.get("also", ())]
        if place.get("file") and place.get("line")
    ]


def _existing(places: Iterable[tuple[str, int]]) -> list[str]:
    return sorted({path for path, _ in places if Path(path).is_file()})


def _lint(paths: Sequence[str]) -> list[Finding]:
    return Fixing(open_run(paths, _OPTIONS), paths).lint({}) if paths else []


def _is_near(finding: Finding, places: Iterable[tuple[str, int]], spans: _Spans) -> bool:
    around = _function_around(finding.line, spans.get(finding.path, ()))
    return any(
        path == finding.path
        and (
            abs(line - finding.line) <= _NEAR
            or (around is not None and around == _function_around(line, spans[path]))
        )
        for path, line in places
    )


def _function_around(line: int, spans: Iterable[tuple[int, int]]) -> tuple[int, int] | None:
    return max((one for one in spans if one[0] <= line <= one[1]), default=None)


def _functions(text: str) -> list[tuple[int, int]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = (one for one in ast.walk(ast.parse(text)) if isinstance(one, kinds))
    return [(one.lineno, one.end_lineno or one.lineno) for one in found]


def _key(finding: Finding) -> _Key:
    return finding.path, finding.code, re.sub(r"\d+", "#", finding.message)


def _counted(findings: Iterable[Finding]) -> Counter[_Key]:
    return Counter(map(_key, findings))


@contextlib.contextmanager
def _tree(repository: Path, commit: str, root: str) -> Iterator[None]:
    """An application as it was at a commit, in a folder that is the current one meanwhile."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        for name, text in _texts(repository, commit, root):
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)
        os.chdir(Path(folder, root))
        try:
            yield
        finally:
            os.chdir(before)


def _texts(repository: Path, commit: str, root: str) -> Iterator[tuple[str, bytes]]:
    """The files that the analyzer reads; a copy of a repository may be without its other ones."""
    git = ["git", "--git-dir", str(repository)]
    listed = subprocess.check_output([*git, "ls-tree", "-rz", "--name-only", commit, "--", root or "."])
    names = [name for name in listed.decode().split("\0") if name.endswith(_READ)]
    asked = "".join(f"{commit}:{name}\n" for name in names).encode()
    answer = subprocess.run(
        [*git, "cat-file", "--batch"], input=asked, check=True, capture_output=True
    ).stdout
    for name in names:
        head, _, answer = answer.partition(b"\n")
        if not head.endswith(b"missing"):
            size = int(head.split()[-1])
            yield name, answer[:size]
            answer = answer[size + 1 :]


if __name__ == "__main__":
    main()
