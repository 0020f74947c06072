"""Routes as one page of HTML that loads nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files
from string import Template

from flake8_async_fastapi.check.report import Shown, rule_of
from flake8_async_fastapi.report.routes import Demand, Route, Step, summarise


def as_page(routes: Sequence[Route], title: str) -> str:
    """A page on all routes, to be filtered in the browser."""
    template = Template(files(__package__).joinpath("page.html").read_text(encoding="utf-8"))
    shown = "\n".join(_route(route) for route in routes)
    return template.substitute(title=escape(title), summary=escape(summarise(routes)), routes=shown)


def _route(route: Route) -> str:
    flags = {"missing": route.missing, "blocking": len(route.blocking), "findings": len(route.findings)}
    data = " ".join(f'data-{name}="{"true" if count else "false"}"' for name, count in flags.items())
    badges = ((route.missing, "not loaded"), (len(route.blocking), "blocking"))
    marks = "".join(f'<span class="badge bad">{count} {name}</span>' for count, name in badges if count)
    parts = (
        _section("What is read, and what loads it", "demands", map(_demand, route.demands)),
        _section("What happens to sessions", "steps", (_step(step, route) for step in route.steps)),
        _section("Findings", "findings", map(_finding, route.findings)),
    )
    body = (
        "".join(parts) or '<p class="soft">It reads no relationship, and uses no session that is known.</p>'
    )
    return (
        f"<details {data}><summary><strong>{escape(route.method)} {escape(route.path)}</strong>{marks}"
        f"<br><code>{escape(route.function)}</code> {_place(f'{route.file}:{route.line}')}</summary>"
        f'<div class="body">{body}</div></details>'
    )


def _place(text: str) -> str:
    return f'<span class="place">{escape(text)}</span>'


def _section(title: str, name: str, items: Iterable[str]) -> str:
    written = "".join(items)
    return f'<h2>{title}</h2><ul class="{name}">{written}</ul>' if written else ""


def _demand(demand: Demand) -> str:
    words = {"loaded": "loaded", "missing": "not loaded", "perhaps": "perhaps loaded"}[demand.supply]
    query = f"query at {_place(demand.query)}" if demand.query else "not from a query"
    return (
        f'<li class="edge {demand.supply}"><span>{escape(demand.reader)} reads '
        f"<code>{escape(demand.attribute)}</code></span>"
        f'<span class="wire">{words}</span><span class="soft">{query}</span></li>'
    )


def _step(step: Step, route: Route) -> str:
    inside = "" if step.function == route.function else f" in <code>{escape(step.function)}</code>"
    return f"<li><code>{escape(step.text)}</code>{inside} {_place(step.place)}</li>"


def _finding(finding: Shown) -> str:
    rule = rule_of(finding.code)
    name = f" {escape(rule.name)}" if rule is not None else ""
    others = "".join(_others(finding))
    return (
        f"<li><b>{escape(finding.code)}</b>{name}, {_place(f'line {finding.line}')}: "
        f"{escape(finding.message)}{f'<ul>{others}</ul>' if others else ''}</li>"
    )


def _others(finding: Shown) -> Iterator[str]:
    for other in finding.others:
        yield f"<li>{_place(f'{other.path}:{other.line}')} {escape(other.text)}</li>"
