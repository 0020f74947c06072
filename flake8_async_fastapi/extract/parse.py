"""Text to an astroid tree, without astroid's inference.

astroid's own build resolves ``from x import *`` and ``self.x = ...`` by looking
at other modules and at what is installed.  That is slow, and it would make the
facts of a file depend on more than its text; both steps are left out here.
"""

from __future__ import annotations

import functools

from astroid import nodes
from astroid.builder import AstroidBuilder
from astroid.exceptions import AstroidError
from astroid.manager import AstroidManager
from astroid.rebuilder import TreeRebuilder


class _PlainBuilder(AstroidBuilder):
    """Builds the tree of one text and does nothing after that."""

    def _post_build(self, module: nodes.Module, builder: TreeRebuilder, encoding: str) -> nodes.Module:
        return module


@functools.cache
def _builder() -> _PlainBuilder:
    return _PlainBuilder(AstroidManager(), apply_transforms=False)


def parse(text: str) -> nodes.Module:
    """Parse a text.

    Raises SyntaxError or ValueError as Python's parser does.
    """
    try:
        return _builder().string_build(text)
    except AstroidError as error:
        raise SyntaxError(str(error.__cause__ or error)) from error
