"""AFA414: the project does not require a package that its async engine needs."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.database.events import EngineMade
from flake8_async_fastapi.knowledge import drivers
from flake8_async_fastapi.knowledge.familiar import is_familiar
from flake8_async_fastapi.project.requirements import Requirements
from flake8_async_fastapi.rules.model import Events, Finding, Rule

RULE = Rule(
    "AFA414",
    "missing-async-dependency",
    "bug",
    "requirements without the driver of the URL, or without greenlet for SQLAlchemy 2.1",
)


def check(events: Events) -> Iterator[Finding]:
    named: set[str] = set()  # one line in the requirements mends all engines of a file
    for made in sorted(events.of(EngineMade), key=lambda event: (event.line, event.col)):
        requirements = made.requirements
        if not made.is_async or not requirements.named("sqlalchemy") or not requirements.is_understood:
            continue
        missing = _missing_driver(requirements, made.driver)
        if missing and missing not in named:
            named.add(missing)
            yield RULE.at(
                made,
                f"{made.text} needs {missing}, which the requirements of the project do not include: add it",
                _doubt(requirements, missing),
            )
        if made.is_21 and _lacks_greenlet(requirements) and "greenlet" not in named:
            named.add("greenlet")
            yield RULE.at(
                made,
                f"{made.text} needs greenlet, which SQLAlchemy 2.1 no longer installs by itself: require "
                "sqlalchemy[asyncio]",
                _doubt(requirements, "greenlet"),
            )


def _missing_driver(requirements: Requirements, driver: str) -> str:
    packages = drivers.PACKAGES.get(driver)
    if packages is None or requirements.brings(packages):
        return ""
    # sqlalchemy[postgresql-asyncpg], databases[aiosqlite]
    extras = (extra for found in requirements.declared for extra in found.extras)
    return "" if any(driver in extra for extra in extras) else driver


def _lacks_greenlet(requirements: Requirements) -> bool:
    if requirements.brings(drivers.BRING_GREENLET):
        return False
    return not any(found.extras & drivers.ASYNC_EXTRAS for found in requirements.declared)


def _doubt(requirements: Requirements, missing: str) -> str:
    """A condition naming the package that may install the missing one; empty if there is none."""
    for found in requirements.unlocked():
        if not is_familiar(found.name, found.extras):
            return f"{found.name} brings {missing}"
    return ""
