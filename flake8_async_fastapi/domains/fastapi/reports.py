"""Which reports look at which calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from flake8_async_fastapi.domains.fastapi import background, contracts, dependencies, unfilled
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.values import Arguments, ClassValue, Function, Library, Member, Value
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.knowledge.consumers import FUNCTION_ARGUMENTS
from flake8_async_fastapi.knowledge.starlette import CALLED_BY_STARLETTE

Report: TypeAlias = Callable[[Frame, Value, Arguments, tree.Call, Value], None]

_APPLICATIONS: Final = ("fastapi.FastAPI", "fastapi.APIRouter", "starlette.applications.Starlette")
_BY_NAME: Final[Mapping[str, tuple[Report, ...]]] = {
    **dict.fromkeys(FUNCTION_ARGUMENTS, (contracts.report_handed_over,)),
    **dict.fromkeys(CALLED_BY_STARLETTE, (contracts.report_registered,)),
    **dict.fromkeys(_APPLICATIONS, (contracts.report_application,)),
    **dict.fromkeys(dependencies.CALLS, (unfilled.report_class,)),
    "starlette.background.BackgroundTasks": (background.report_unattached,),
}
_BY_METHOD: Final[Mapping[str, tuple[Report, ...]]] = {
    **{name.rpartition(".")[2]: reports for name, reports in _BY_NAME.items()},
    "add_job": (contracts.report_scheduled,),
    "add_task": (contracts.report_handed_over, background.report_raised),
}


def report_call(frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value) -> None:
    """Report mistakes in a call. Only a few calls matter, and each report gets those."""
    if not frame.emit:
        return
    kind = type(callee)
    if kind is Function or kind is ClassValue:
        contracts.report_called_by_hand(frame, callee, arguments, node)
        return
    reports: tuple[Report, ...] = ()
    if isinstance(callee, Member):
        reports = _BY_METHOD.get(callee.name, ())
    elif isinstance(callee, Library):
        reports = _BY_NAME.get(callee.dotted, ())
    for report in reports:
        report(frame, callee, arguments, node, result)
