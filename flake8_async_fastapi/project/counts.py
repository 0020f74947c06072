"""Numbers that show how much of a project is understood."""

from __future__ import annotations

import sys
from collections.abc import Collection

from flake8_async_fastapi.project.answers import Answers
from flake8_async_fastapi.project.modules import Modules


def exists(answers: Answers, dotted: str) -> bool:
    """Whether a dotted name may refer to something: in the project, in Python, or in a library that a file
    imports.
    """
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = answers.modules.at(".".join(parts[:length]))
        if path is not None:
            binds = length == len(parts) or answers.binds(path, parts[length])
            return binds or bool(answers.star_targets(path))
    if parts[0] in sys.stdlib_module_names:
        return True
    return any(parts[0] in answers.imports_of(path) for path in answers.facts)


def count_session_factories(answers: Answers) -> int:
    """The number of factories of async sessions."""
    said = (text for facts in answers.facts.values() for text in facts.outline.session_factories)
    return sum(text in ("True", "False", "?") for text in said)


def count_imports(answers: Answers, above: Collection[str]) -> tuple[int, int]:
    """The number of imports of the project's own modules, and how many of them lead to a file.

    An import whose first part is one of the folders ``above`` the root counts as one of the project's own.
    """
    found = [
        _leads_somewhere(answers.modules, module, path)
        for path, facts in answers.facts.items()
        for module in facts.outline.imports
        if _is_own(answers.modules, module, path, above)
    ]
    return len(found), sum(found)


def _is_own(modules: Modules, module: str, importer: str, above: Collection[str]) -> bool:
    top = module.partition(".")[0]
    return _leads_somewhere(modules, top, importer) or ("." in module and top in above)


def _leads_somewhere(modules: Modules, module: str, importer: str) -> bool:
    return modules.find(module, importer) is not None or modules.is_folder(module, importer)
