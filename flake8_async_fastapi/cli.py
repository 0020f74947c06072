"""Find, explain and mend async mistakes in FastAPI and SQLAlchemy code."""

from __future__ import annotations

import argparse
import difflib
import io
import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, TypeAlias

from flake8_async_fastapi import __version__
from flake8_async_fastapi.analysis import Analysis, open_analysis
from flake8_async_fastapi.check import command as check_command
from flake8_async_fastapi.check import fix_command
from flake8_async_fastapi.convert import command as convert_command
from flake8_async_fastapi.engine.trace import trace_lines
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import nodes_in
from flake8_async_fastapi.faults import LOG, UsageError, survive
from flake8_async_fastapi.pages import find_page, shorten_page
from flake8_async_fastapi.report import command as report_command
from flake8_async_fastapi.rules.model import FAMILIES, Rule, catalogue
from flake8_async_fastapi.server import command as server_command
from flake8_async_fastapi.store.cache import Cache, cache_directory
from flake8_async_fastapi.store.root import RootError, find_root, is_makeshift, relative_path
from flake8_async_fastapi.store.sources import read_text

_PACKAGE: Final = Path(__file__).parent
BLOG: Final = _PACKAGE / "blog"
BLOG_VARIANTS: Final = ("sync", "pitfalls", "converted")
_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
_NOT_COPIED: Final = shutil.ignore_patterns("__pycache__", "*.pyc", "*.db", "*.sqlite*")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, 1 if ``check`` found something, 2 for a usage error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # pages and sources hold what not every terminal can show
            stream.reconfigure(errors="backslashreplace")
    try:
        arguments = _parser().parse_args(argv)
        run: Callable[[argparse.Namespace], int | None] = arguments.run
        status = run(arguments)
        sys.stdout.flush()
    except (UsageError, RootError) as error:
        print(f"flake8-async-fastapi: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the reader, such as head, has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    else:
        return status or 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="flake8-async-fastapi", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    check = _add(commands, "check", "report what the rules find, without flake8's other checks")
    check_command.add_arguments(check)
    check.set_defaults(run=check_command.run)

    fix = _add(commands, "fix", "fix the findings that have an automatic fix")
    fix_command.add_arguments(fix)
    fix.set_defaults(run=fix_command.run)

    converting = _add(commands, "convert", "make a synchronous application async")
    convert_command.add_arguments(converting)
    converting.set_defaults(run=convert_command.run)
    report = _add(commands, "report", "show what each route reads and what its queries load")
    report_command.add_arguments(report)
    report.set_defaults(run=report_command.run)

    server = _add(commands, "server", "start a language server, for findings in an editor as you type")
    server_command.add_arguments(server)
    server.set_defaults(run=server_command.run)

    explain = _add(commands, "explain", "show the page of a rule")
    explain.add_argument("code", metavar="CODE", help="a code (AFA101), a family (AFA1) or a name")
    explain.add_argument(
        "--full", action="store_true", help="show the whole page as Markdown, examples included"
    )
    explain.set_defaults(run=_explain)

    rules = _add(commands, "rules", "list the rules")
    rules.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
    rules.set_defaults(run=_rules)

    tracing = _add(commands, "trace", "show what is known of each variable, line by line")
    tracing.add_argument(
        "place", metavar="FILE[:FUNCTION]", help="a file, or one of its functions by name or as Class.method"
    )
    tracing.add_argument(
        "--root", metavar="DIR", help="folder that holds the project (default: found by looking upward)"
    )
    tracing.add_argument("--verbose", action="store_true", help="show the traceback if this tool fails")
    tracing.set_defaults(run=_trace)

    blog = _add(commands, "blog", "print the folder of the example blog, or copy it")
    blog.add_argument("folder", nargs="?", type=Path, help="copy the blog to this new folder")
    blog.set_defaults(run=_blog)
    return parser


def _add(commands: _Commands, name: str, does: str) -> argparse.ArgumentParser:
    return commands.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")


def _find_rule(text: str) -> Rule:
    wanted = text.strip().lower().replace("_", "-")
    for rule, _ in catalogue():
        if wanted in (rule.code.lower(), rule.name):
            return rule
    hint = "'flake8-async-fastapi rules' lists them"
    if re.fullmatch(r"[A-Z]{1,4}[0-9]+", text) and not text.startswith("AFA"):
        hint = f"{text} is a code of flake8 or of another plugin"
    raise UsageError(f"there is no rule {text!r}; {hint}")


def _explain(arguments: argparse.Namespace) -> None:
    prefix = arguments.code.strip().upper()
    below = [rule for rule, _ in catalogue() if rule.code.startswith(prefix or "-") and rule.code != prefix]
    if below:
        _list(below)
        return
    rule = _find_rule(arguments.code)
    page = find_page(rule.code)
    if page is not None:
        text = page.read_text(encoding="utf-8")
        print((text if arguments.full else shorten_page(text)).rstrip())
        return
    raise UsageError(f"the page of {rule.code} is missing from this installation")


def family(rule: Rule) -> str:
    """The family of a rule, from the first digit of its code."""
    return FAMILIES[int(rule.code[3]) - 1]


def _rules(arguments: argparse.Namespace) -> None:
    found = [rule for rule, _ in catalogue()]
    if arguments.format == "json":
        print(json.dumps([_row(rule) for rule in found], indent=2))
        return
    _list(found)


def _row(rule: Rule) -> dict[str, object]:
    """A rule as data. Its options are those that its page names."""
    page = find_page(rule.code)
    text = "" if page is None else page.read_text(encoding="utf-8")
    options = set(re.findall(r"\bafa-[a-z-]+", text)) | ({"afa-advice"} if rule.kind == "advice" else set())
    return {
        "code": rule.code,
        "name": rule.name,
        "family": family(rule),
        "kind": rule.kind,
        "fixable": rule.fixable,
        "since": rule.since,
        "summary": rule.summary,
        "options": sorted(options),
        "page": str(page or ""),
        "explanation": text,
    }


def _list(rules: Sequence[Rule]) -> None:
    width = max(len(rule.name) for rule in rules)
    for rule in rules:
        print(f"{rule.code}  {rule.name:{width}}  {rule.kind:6}  {rule.summary}")


def _trace(arguments: argparse.Namespace) -> None:
    if arguments.verbose:
        LOG.addHandler(logging.StreamHandler())
    file, function = _place(arguments.place)
    analysis, relative = _open(file, arguments.root)
    known = {node.qualname for node in nodes_in(analysis.project.body(relative)) if isinstance(node, _SCOPES)}
    wanted = {name for name in known if _is_in(name, function)} if function else {"", *known}
    if not wanted:
        raise UsageError(f"there is no function {function} in {file}{_similar(function, known)}")
    everything = survive(relative, "analysed", lambda: analysis.events(relative, trace=True))
    if everything is None:
        raise UsageError(_FAULT.format(file))
    events = [event for event in everything if event.function in wanted]
    lines = {event.line for event in events}
    findings = [finding for finding in analysis.findings(relative) if finding.line in lines]
    shown = False
    for line in trace_lines(analysis.sources[relative].text, events, findings):
        print(line)
        shown = True
    if not shown:
        print(f"{arguments.place} sets no variable that could be shown", file=sys.stderr)


_FAULT: Final = "{} could not be analysed, which is a fault of this tool; --verbose shows more"
_SCOPES: Final = (tree.FunctionDef, tree.ClassDef)


def _place(text: str) -> tuple[str, str]:
    """Split ``FILE:FUNCTION``. The name of a file may contain a colon, too."""
    file, colon, function = text.rpartition(":")
    return (file, function) if colon and not Path(text).exists() and Path(file).exists() else (text, "")


def _open(file: str, configured: str | None) -> tuple[Analysis, str]:
    """The project of a file, and the file's path in it.

    Raises UsageError for a file that cannot be read.
    """
    path, cwd = Path(file), Path.cwd()
    if file and path.is_dir():
        raise UsageError(f"{file} is a folder: name one of its files, as FILE or FILE:FUNCTION")
    if not path.is_file():
        raise UsageError(f"there is no file {file}")
    root = find_root(path, cwd=cwd, configured=configured)
    makeshift = is_makeshift(root, cwd=cwd, configured=configured)
    analysis = open_analysis(root, Cache(cache_directory(None, os.environ)), deep=not makeshift)
    relative = relative_path(path, root, cwd=cwd)
    if relative is None:
        raise UsageError(f"{file} does not lie below {root}")
    if relative not in analysis.sources:
        text = read_text(path)  # one of a hidden folder, an environment, a build
        if text is None:
            raise UsageError(f"{file} is not Python source that can be read")
        analysis = analysis.with_text(relative, text)
    if survive("the project", "linked", lambda: analysis.project) is None:
        raise UsageError(_FAULT.format(root))
    if not analysis.project.has(relative):
        raise UsageError(f"{file} does not parse, or nests too deep")
    return analysis, relative


def _is_in(qualname: str, wanted: str) -> bool:
    """Whether a function or class is the requested one, or is inside it."""
    return f".{wanted}." in f".{qualname}."


def _similar(function: str, known: set[str]) -> str:
    close = difflib.get_close_matches(function, sorted(known), n=3)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _blog(arguments: argparse.Namespace) -> None:
    if arguments.folder is None:
        print(BLOG)
        return
    if os.path.lexists(arguments.folder):
        raise UsageError(f"{arguments.folder} exists already")
    try:
        for name in BLOG_VARIANTS:
            shutil.copytree(BLOG / name, arguments.folder / name, ignore=_NOT_COPIED)
    except (OSError, ValueError) as error:
        raise UsageError(f"the blog could not be copied: {_reason(error)}") from error
    print(f"copied to {arguments.folder}: {', '.join(f'{name}/' for name in BLOG_VARIANTS)}")


def _reason(error: Exception) -> str:
    if isinstance(error, shutil.Error):
        return str(error.args[0][0][2])
    return f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)


if __name__ == "__main__":
    raise SystemExit(main())
