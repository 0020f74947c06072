"""Newer syntax for a Python that does not parse it yet.

These are ``class A[T]`` (PEP 695), ``except A, B`` (PEP 758) and f-strings with any quotes (PEP 701).

On such a Python, flake8 reports nothing about the file, but other files may use its definitions: a generic
base class should not be lost.
"""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterator, Mapping
from tokenize import NAME, OP, TokenInfo

from flake8_async_fastapi.extract.fstrings import in_older_fstrings

_BEFORE_STATEMENT = frozenset(
    {tokenize.NEWLINE, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.COMMENT, tokenize.ENCODING}
)


def in_older_syntax(text: str) -> tuple[str, Mapping[int, list[str]]]:
    """The text in the older syntax, with everything at its place, and the parameters of classes by line.

    ``class A[T](B)`` becomes ``class A   (B)``, ``type A = B`` becomes ``A      = B``, ``except A, B:``
    becomes ``except(A, B):``. Raises SyntaxError for a text without tokens.
    """
    text = in_older_fstrings(text)
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except tokenize.TokenError as error:
        raise SyntaxError(str(error)) from error
    lines = [line.rstrip("\n") for line in text.split("\n")]
    parameters: dict[int, list[str]] = {}
    for place, token in enumerate(tokens[:-2]):
        word, name, bracket = token, tokens[place + 1], tokens[place + 2]
        if word.string == "except" and _begins_statement(tokens, place):
            _parenthesise(lines, word, tokens[place + 1 :])
        if word.type != NAME or name.type != NAME:
            continue
        declares_type = word.string == "type" and _begins_statement(tokens, place)
        if bracket.string == "[" and (word.string in ("class", "def") or declares_type):
            inside = list(_inside(tokens[place + 2 :]))
            if word.string == "class":
                parameters[word.start[0]] = list(_names(inside))
            _blank(lines, bracket.start, inside[-1].end)
        if declares_type and bracket.string in ("=", "["):
            _swap(lines, word, name)
    return "\n".join(lines), parameters


def _begins_statement(tokens: list[TokenInfo], place: int) -> bool:
    return place == 0 or tokens[place - 1].type in _BEFORE_STATEMENT or tokens[place - 1].string == ";"


def _parenthesise(lines: list[str], word: TokenInfo, tokens: list[TokenInfo]) -> None:
    """Change ``except A, B:`` to ``except(A, B):``."""
    depth, is_several = 0, False
    for token in tokens:
        if token.type != OP:
            continue
        depth += (token.string in "([{") - (token.string in ")]}")
        is_several = is_several or (token.string == "," and not depth)
        if token.string == ":" and not depth:
            if is_several and token.start[0] == word.start[0]:
                line = lines[word.start[0] - 1]
                types = line[word.end[1] + 1 : token.start[1]]
                lines[word.start[0] - 1] = f"{line[: word.end[1]]}({types}){line[token.start[1] :]}"
            return


def _inside(tokens: list[TokenInfo]) -> Iterator[TokenInfo]:
    """The tokens from a bracket to its closing bracket."""
    depth = 0
    for token in tokens:
        yield token
        if token.type == OP:
            depth += (token.string in "([{") - (token.string in ")]}")
        if not depth:
            return


def _names(inside: list[TokenInfo]) -> Iterator[str]:
    """The names of the parameters between two brackets."""
    depth, is_next = 0, False
    for token in inside:
        if token.type == OP and token.string in ("[", "(", "{"):
            depth += 1
            is_next = is_next or depth == 1
        elif token.type == OP and token.string in ("]", ")", "}"):
            depth -= 1
        elif token.string == "," and depth == 1:
            is_next = True
        elif token.type == NAME and is_next:
            yield token.string
            is_next = False


def _blank(lines: list[str], start: tuple[int, int], end: tuple[int, int]) -> None:
    """Replace a part by spaces, and join its lines as Python does outside of brackets."""
    for number in range(start[0], end[0] + 1):
        line = lines[number - 1]
        first = start[1] if number == start[0] else 0
        if number == end[0]:
            lines[number - 1] = line[:first] + " " * (end[1] - first) + line[end[1] :]
        else:
            lines[number - 1] = line[:first] + " " * max(0, len(line) - first - 1) + "\\"


def _swap(lines: list[str], word: TokenInfo, name: TokenInfo) -> None:
    """Change ``type A`` to ``A     ``."""
    if word.start[0] == name.start[0]:
        line, width = lines[word.start[0] - 1], name.end[1] - word.start[1]
        lines[word.start[0] - 1] = line[: word.start[1]] + name.string.ljust(width) + line[name.end[1] :]
