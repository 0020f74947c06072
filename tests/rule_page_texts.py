"""What the pages of the rules derive from their examples: excerpts of long ones, and how the bad ones fail.

A program of more than a few lines stands in a folded block; above it stand the statements that matter.
Below the bad one stands what Python says of it.  `test_rule_pages` compares; this writes:

    python -m tests.rule_page_texts --update
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parent)]  # as under pytest

from case_files import MARK, Outcome

BAD, GOOD = "Example", "Use instead"
OWN_ERROR = "EventLoopBlocked"
"""What the tests raise where Python says nothing: the loop stood still."""
_PROGRAM = re.compile(r"^```python\n(?P<code>.*?)^```\n", re.MULTILINE | re.DOTALL)
_FOLDED = re.compile(
    r"^```py\n.*?^```\n\n<details[^\n]*>\n<summary>[^\n]*\n\n(?P<program>```python\n.*?^```\n)\n</details>\n",
    re.MULTILINE | re.DOTALL,
)
_RAISED = "The traceback, with `...` for lines in libraries:"
_WARNED = "Python only warns:"
_SAID = re.compile(rf"\n(?:{_RAISED}|{_WARNED})\n\n```text\n.*?^```\n", re.MULTILINE | re.DOTALL)
_MARK_OF_LINE = re.compile(MARK.pattern, re.MULTILINE)
_SECTION = re.compile(r"^(?=## )", re.MULTILINE)
_LONG = 20
"""Lines of a program that is shown whole."""
_WIDE = 300
"""Characters of a line of a message."""
_FOLD = """\
```py
{excerpt}```

<details markdown="1">
<summary>The whole program</summary>

{program}
</details>
"""


def with_texts(page: str, bad: Outcome | None) -> str:
    """A page with its excerpts, and with what a run of its bad example gave, if that is known."""
    wrong: frozenset[str] = frozenset()
    parts = []
    for part in _SECTION.split(_FOLDED.sub(lambda found: found["program"], page)):
        if part.startswith(f"## {BAD}\n"):
            part = _said(part, bad) if bad is not None else part
            wrong = frozenset(one for code in _PROGRAM.findall(part) for one in _statements(code))
            part = _PROGRAM.sub(partial(_folded, None), part)
        elif part.startswith(f"## {GOOD}\n"):
            part = _PROGRAM.sub(partial(_folded, wrong), part)
        parts.append(part)
    return "".join(parts)


def _said(section: str, bad: Outcome) -> str:
    """The section of the bad example with what Python says of it at the end."""
    section = _SAID.sub("", section)
    text = said(bad)
    if not text:
        return section
    lines = "".join(f"{line}\n" for line in text)
    head = _WARNED if bad.error is None else _RAISED
    return section.rstrip("\n") + f"\n\n{head}\n\n```text\n{lines}```\n\n"


def shows_what_is_said(page: str) -> bool:
    """Whether a page has the text that Python prints of its bad example."""
    return _SAID.search(page) is not None


def said(bad: Outcome) -> list[str]:
    """The lines that Python prints of a failure; none if it prints nothing."""
    if bad.error is None:
        return [f"RuntimeWarning: {text.splitlines()[0]}" for text in bad.never_awaited[:1]]
    if bad.error[0] == OWN_ERROR:
        return []
    return [_cut(line) for line in bad.traceback]


def _cut(line: str) -> str:
    line = re.sub(r"0x[0-9a-fA-F]{4,}", "0x7f...", line)
    line = re.sub(r"session '\d+' \(this is '\d+'\)", "session '1' (this is '2')", line)
    line = re.sub(r"%\(\d+ ", "%(1 ", line)
    return line if len(line) <= _WIDE else f"{line[: _WIDE - 3].rstrip()}..."


def _folded(wrong: frozenset[str] | None, found: re.Match[str]) -> str:
    """A program below its excerpt: the marked statements, or those that a wrong program does not have."""
    code = found["code"]
    if code.count("\n") <= _LONG:
        return found[0]
    kept = [
        one for one in _statements(code) if (_MARK_OF_LINE.search(one) if wrong is None else one not in wrong)
    ]
    excerpt = "\n\n".join(one if one.endswith("\n") else f"{one}\n" for one in kept)
    if not kept or excerpt.count("\n") > 0.7 * code.count("\n"):
        return found[0]
    return _FOLD.format(excerpt=excerpt, program=found[0])


def _statements(code: str) -> list[str]:
    """The texts of the statements at the top of a program."""
    lines = code.splitlines(keepends=True)
    found = []
    for node in ast.parse(code).body:
        decorators: list[ast.expr] = getattr(node, "decorator_list", [])
        start = min([node.lineno, *(one.lineno for one in decorators)])
        found.append("".join(lines[start - 1 : node.end_lineno or node.lineno]))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 1 when a page is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.rule_page_texts", description=__doc__)
    parser.add_argument("--update", action="store_true", help="write the pages")
    parser.add_argument("codes", nargs="*", metavar="CODE")
    options = parser.parse_args(arguments)
    import test_rule_pages as tests

    status = 0
    for code in options.codes or sorted(tests.RULES):
        path = tests.PAGES / f"{code}.md"
        text = path.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            os.environ["DATABASE_URL"] = f"sqlite+aiosqlite:///{folder}/page.db"
            wanted = with_texts(text, tests.played(code, BAD, Path(folder)))
        if wanted != text:
            print(path.name)
            status = 0 if options.update else 1
            if options.update:
                path.write_text(wanted, encoding="utf-8")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
