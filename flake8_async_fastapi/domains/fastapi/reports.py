"""Which reports look at which calls."""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.fastapi import background, contracts, dependencies, signatures, unfilled
from flake8_async_fastapi.engine.values import ClassValue, Function
from flake8_async_fastapi.engine.watches import CallObserver, Watch
from flake8_async_fastapi.knowledge.consumers import FUNCTION_ARGUMENTS
from flake8_async_fastapi.knowledge.starlette import CALLED_BY_STARLETTE


def _by_name(report: CallObserver, *names: str, methods: frozenset[str] = frozenset()) -> Watch:
    """A report of calls of these library functions, and of methods that are called as they are."""
    last = frozenset(name.rpartition(".")[2] for name in names)
    return Watch(report, last | methods, frozenset(names), checked=True)


CALLS: Final = (
    Watch(contracts.report_called_by_hand, others=(Function, ClassValue), checked=True),
    _by_name(contracts.report_handed_over, *FUNCTION_ARGUMENTS, methods=frozenset({"add_task"})),
    _by_name(contracts.report_registered, *CALLED_BY_STARLETTE),
    _by_name(
        contracts.report_application,
        "fastapi.FastAPI",
        "fastapi.APIRouter",
        "starlette.applications.Starlette",
    ),
    _by_name(unfilled.report_class, *dependencies.CALLS),
    _by_name(signatures.report_dependency, *dependencies.CALLS),
    _by_name(background.report_unattached, "starlette.background.BackgroundTasks"),
    Watch(contracts.report_scheduled, methods=frozenset({"add_job"}), checked=True),
    Watch(background.report_raised, methods=frozenset({"add_task"}), checked=True),
    Watch(background.report_late, methods=frozenset({"add_task"}), checked=True),
)
