"""What ``Depends`` gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from flake8_async_fastapi.engine.context import CallModel, CallSite
from flake8_async_fastapi.engine.values import NONE, Dependency, Value


def depends(site: CallSite) -> Value:
    """``Depends(target)``, and ``Security(target)``."""
    return Dependency(site.arguments.get(0, "dependency") or NONE)


CALLS: Final[Mapping[str, CallModel]] = {
    "fastapi.Depends": depends,
    "fastapi.Security": depends,
    "fastapi.params.Depends": depends,
    "fastapi.param_functions.Depends": depends,
}
