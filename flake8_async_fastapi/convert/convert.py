"""The conversion of a project's texts."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from flake8_async_fastapi.convert.colour import Colours, colour
from flake8_async_fastapi.convert.functions import FunctionEdits
from flake8_async_fastapi.convert.imports import Imports
from flake8_async_fastapi.convert.infer import Inference
from flake8_async_fastapi.convert.leaving import marking_edits
from flake8_async_fastapi.convert.lifespan import LifespanEdits
from flake8_async_fastapi.convert.names import link
from flake8_async_fastapi.convert.setup import SetupEdits
from flake8_async_fastapi.convert.tables import homes_of_tables, table_edits
from flake8_async_fastapi.convert.testing import testing_edits
from flake8_async_fastapi.convert.texts import Edit, EditError, Source, apply_edits, parse
from flake8_async_fastapi.convert.urls import url_edits
from flake8_async_fastapi.rules.left_open import MARK


def convert_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """The new texts of the Python files that change, of all files of a project, by path."""
    sources = {path: source for path, text in texts.items() if (source := parse(path, text)) is not None}
    inference = Inference(link(sources))
    converted = [source for source in sources.values() if not is_migration(source)]
    colours = colour(inference, converted)
    changed = {}
    elsewhere = homes_of_tables(colours, converted)
    for source in converted:
        text = _converted(colours, source, converted, elsewhere)
        if text != source.text:
            changed[source.path] = text
    return changed


def is_migration(source: Source) -> bool:
    """Whether a file is one of Alembic's: it runs on a synchronous connection."""
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "alembic" for node in ast.walk(source.tree)
    )


def _converted(colours: Colours, source: Source, sources: list[Source], elsewhere: list[Source]) -> str:
    imports = Imports(colours.inference.program, source)
    edits: list[Edit] = []
    edits += FunctionEdits(colours, source, imports).edits()
    edits += LifespanEdits(colours, source, imports, elsewhere).edits()
    if source in elsewhere:
        edits += table_edits(colours, source)
    edits += SetupEdits(colours, source, imports).edits()
    edits += url_edits(source)
    edits += marking_edits(colours, source)
    edits += testing_edits(colours, source, imports, sources)
    edits += imports.edits()
    text: str | None
    try:
        text = apply_edits(source.text, edits)
    except EditError:
        text = None
    if text is None or parse(source.path, text) is None:
        return f"{MARK}this file is not converted: its changes do not fit together\n{source.text}"
    return text
