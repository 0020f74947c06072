"""Source text to facts.

Invariant: the only place that knows astroid, and nothing astroid leaves it.
The result depends on the text alone.
"""

from __future__ import annotations

from flake8_async_fastapi.extract.lower import lower_module
from flake8_async_fastapi.extract.outline import outline_of
from flake8_async_fastapi.extract.parse import parse
from flake8_async_fastapi.facts.module import ModuleFacts, make_facts


class ExtractError(ValueError):
    """A text that has no facts; the message gives the reason."""


def extract(text: str) -> ModuleFacts:
    """Extract the facts of one file.

    Raises ExtractError for a text that Python does not parse, or that nests
    deeper than the parser can follow.
    """
    try:
        body = lower_module(parse(text))
    except (SyntaxError, ValueError) as error:
        raise ExtractError(f"does not parse: {error}") from error
    except (RecursionError, MemoryError) as error:
        raise ExtractError("nests too deep to be analysed") from error
    return make_facts(*outline_of(body), body)
