"""The command ``flake8-async-fastapi``: what the rules say, and what the interpreter believes."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from flake8_async_fastapi import __version__
from flake8_async_fastapi.analysis import open_analysis
from flake8_async_fastapi.interpreter.trace import trace
from flake8_async_fastapi.rules.model import FAMILIES, Rule, catalogue
from flake8_async_fastapi.store.cache import Cache, cache_directory
from flake8_async_fastapi.store.root import RootError, find_root, relative_path

_PACKAGE: Final = Path(__file__).parent
_PAGES: Final = (_PACKAGE / "_docs" / "rules", _PACKAGE.parent / "docs" / "rules")
"""In a wheel, and in a checkout."""
BLOG: Final = _PACKAGE / "blog"


class UsageError(Exception):
    """Something about the command line that the user can mend; the text says what."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; gives the exit status: 0, or 2 for a usage error."""
    arguments = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], None] = arguments.run
    try:
        run(arguments)
    except (UsageError, RootError) as error:
        print(f"flake8-async-fastapi: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flake8-async-fastapi", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    explain = commands.add_parser("explain", help="show the page of a rule")
    explain.add_argument("code", metavar="CODE", help="a code such as AFA101, or a rule's name")
    explain.set_defaults(run=_explain)

    rules = commands.add_parser("rules", help="list the rules")
    rules.add_argument("--format", choices=("text", "json"), default="text")
    rules.set_defaults(run=_rules)

    tracing = commands.add_parser("trace", help="show what the interpreter believes at each line")
    tracing.add_argument("place", metavar="FILE[:FUNCTION]")
    tracing.set_defaults(run=_trace)

    blog = commands.add_parser("blog", help="print where the example blog is, or copy it")
    blog.add_argument("folder", nargs="?", type=Path, help="a folder to copy it to, which must not exist")
    blog.set_defaults(run=_blog)
    return parser


def _find_rule(text: str) -> Rule:
    wanted = text.strip().lower()
    for rule, _ in catalogue():
        if wanted in (rule.code.lower(), rule.name):
            return rule
    raise UsageError(f"there is no rule {text!r}; 'flake8-async-fastapi rules' lists them")


def _explain(arguments: argparse.Namespace) -> None:
    rule = _find_rule(arguments.code)
    for folder in _PAGES:
        page = folder / f"{rule.code}.md"
        if page.is_file():
            print(page.read_text(encoding="utf-8").rstrip())
            return
    raise UsageError(f"the page of {rule.code} is missing from this installation")


def family(rule: Rule) -> str:
    """The family of a rule: the first digit of its code counts them."""
    return FAMILIES[int(rule.code[3]) - 1]


def _rules(arguments: argparse.Namespace) -> None:
    found = [rule for rule, _ in catalogue()]
    if arguments.format == "json":
        rows = [
            {"code": r.code, "name": r.name, "family": family(r), "kind": r.kind, "summary": r.summary}
            for r in found
        ]
        print(json.dumps(rows, indent=2))
        return
    width = max(len(rule.name) for rule in found)
    for rule in found:
        print(f"{rule.code}  {rule.name:{width}}  {rule.kind:6}  {rule.summary}")


def _trace(arguments: argparse.Namespace) -> None:
    file, _, function = arguments.place.partition(":")
    path = Path(file)
    if not path.is_file():
        raise UsageError(f"there is no file {file}")
    root = find_root(path, cwd=Path.cwd())
    relative = relative_path(path, root, cwd=Path.cwd())
    analysis = open_analysis(root, Cache(cache_directory(None, os.environ)))
    if relative is None or relative not in analysis.sources:
        raise UsageError(f"{file} is not Python source that can be read")
    if relative not in analysis.project.facts:
        raise UsageError(f"{file} does not parse, or nests too deep")
    events = [e for e in analysis.events(relative, trace=True) if not function or _is_in(e.function, function)]
    if function and not events:
        raise UsageError(f"there is no function {function} in {file}")
    for line in trace(analysis.sources[relative].text, events, analysis.findings(relative)):
        print(line)


def _is_in(qualname: str, wanted: str) -> bool:
    return qualname == wanted or qualname.endswith(f".{wanted}") or qualname.startswith(f"{wanted}.")


def _blog(arguments: argparse.Namespace) -> None:
    if arguments.folder is None:
        print(BLOG)
        return
    if arguments.folder.exists():
        raise UsageError(f"{arguments.folder} exists already")
    try:
        shutil.copytree(BLOG, arguments.folder, ignore=shutil.ignore_patterns("__pycache__", "__init__.py~"))
        (arguments.folder / "__init__.py").unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"the blog could not be copied: {error}") from error
    print(f"copied to {arguments.folder}: pitfalls/ and converted/")


if __name__ == "__main__":
    raise SystemExit(main())
