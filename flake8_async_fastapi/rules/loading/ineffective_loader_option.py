"""AFA311: a loader option has no effect, or fails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from flake8_async_fastapi.domains.orm.events import OptionIgnored
from flake8_async_fastapi.rules.model import Events, Finding, Fix, Rule

RULE = Rule(
    "AFA311",
    "ineffective-loader-option",
    "bug",
    "a loader option is dropped, names an attribute by a string, or is for another model or a loaded object",
    fixable="safe",
)


def check(events: Events) -> Iterator[Finding]:
    for option in events.of(OptionIgnored):
        if option.why == "dropped":
            message = (
                f"{option.text}() returns a new statement, which is not used, so nothing is loaded: assign it"
            )
        elif option.why == "text":
            message = (
                f"{option.text} raises ArgumentError: SQLAlchemy 2 accepts no strings; pass the attribute "
                "of the class"
            )
        elif option.why == "root":
            message = (
                f"the option for {option.text} raises ArgumentError: the query selects {option.detail}; "
                f"begin the option at {option.detail}"
            )
        elif option.why == "locked":
            message = (
                f"{option.text} keeps the value that was loaded at {option.loaded}, before the row was "
                "locked: add execution_options(populate_existing=True)"
            )
        else:
            message = (
                f"the options of get() have no effect: {option.text} was loaded at {option.loaded}; "
                "add populate_existing=True, or pass the options there"
            )
        yield RULE.at(option, message, fix=_fix(option))


def _fix(option: OptionIgnored) -> Fix | None:
    if option.why == "dropped":
        return RULE.fix(option, "assign_statement")
    if option.why != "text":
        return None
    if not option.detail:
        return RULE.fix(option, "name_attribute")
    return replace(RULE.fix(option, "name_attribute", option.detail), files=(option.file,))
