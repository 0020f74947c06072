"""Text to an astroid tree, without astroid's inference.

astroid's own build resolves ``from x import *`` and ``self.x = ...`` by looking
at other modules and at what is installed.  That is slow, and it would make the
facts of a file depend on more than its text; both steps are left out here.
"""

from __future__ import annotations

import functools
import sys
from contextlib import suppress

from astroid import nodes
from astroid.builder import AstroidBuilder
from astroid.exceptions import AstroidError
from astroid.manager import AstroidManager
from astroid.raw_building import InspectBuilder
from astroid.rebuilder import TreeRebuilder

from flake8_async_fastapi.extract.older import in_older_syntax


class _PlainBuilder(AstroidBuilder):
    """Builds the tree of one text and does nothing else."""

    def __init__(self) -> None:
        # AstroidBuilder's own first builds trees of Python's builtins, which only inference needs
        InspectBuilder.__init__(self, AstroidManager())
        self._apply_transforms = False

    def _post_build(self, module: nodes.Module, builder: TreeRebuilder, encoding: str) -> nodes.Module:
        return module


@functools.cache
def _builder() -> _PlainBuilder:
    return _PlainBuilder()


def parse(text: str) -> nodes.Module:
    """Parse a text.

    Raises SyntaxError or ValueError as Python's parser does.
    """
    try:
        return _builder().string_build(text)
    except AstroidError as error:
        if sys.version_info < (3, 14):
            with suppress(SyntaxError):
                return _parse_newer(text)
        raise SyntaxError(str(error.__cause__ or error)) from error


def _parse_newer(text: str) -> nodes.Module:
    older, parameters = in_older_syntax(text)
    try:
        module = _builder().string_build(older)
    except AstroidError as error:
        raise SyntaxError(str(error.__cause__ or error)) from error
    for cls in module.nodes_of_class(nodes.ClassDef):
        cls.type_params = [_type_variable(cls, name) for name in parameters.get(cls.lineno or 0, ())]
    return module


def _type_variable(cls: nodes.ClassDef, name: str) -> nodes.TypeVar:
    place = {"end_lineno": cls.lineno or 0, "end_col_offset": 0}
    variable = nodes.TypeVar(cls.lineno or 0, 0, cls, **place)
    variable.postinit(name=nodes.AssignName(name, cls.lineno or 0, 0, variable, **place), bound=None)
    return variable
