"""Routes for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from flake8_async_fastapi.report.routes import Demand, Route, summarise

_SUPPLIES: Final = {"loaded": "loaded", "missing": "NOT LOADED", "perhaps": "perhaps loaded"}


def as_text(routes: Sequence[Route]) -> Iterator[str]:
    """Each route with its reads, its use of sessions, and its findings."""
    for route in routes:
        yield f"{route.method} {route.path}"
        yield f"  {route.function}  {route.file}:{route.line}"
        for reader, demands in groupby(route.demands, key=lambda demand: demand.reader):
            yield f"  {reader} reads"
            for demand in demands:
                yield f"    {demand.attribute}  {_supply(demand)}"
        if route.steps:
            yield "  sessions"
        for step in route.steps:
            yield f"    {step.text}  {step.place}{_inside(step.function, route)}"
        if route.findings:
            yield "  findings"
        for finding in route.findings:
            yield f"    {finding.code} line {finding.line}: {finding.message}"
            for other in finding.others:
                yield f"      {other.path}:{other.line}: {other.text}"
        yield ""
    yield summarise(routes)


def _supply(demand: Demand) -> str:
    return _SUPPLIES[demand.supply] + (f" (query at {demand.query})" if demand.query else "")


def _inside(function: str, route: Route) -> str:
    return "" if function == route.function else f" in {function}"
