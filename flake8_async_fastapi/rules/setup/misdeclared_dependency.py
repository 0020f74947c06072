"""AFA412: a dependency is called, wrapped or used in a way that FastAPI cannot handle."""

from __future__ import annotations

from collections.abc import Iterator

from flake8_async_fastapi.domains.fastapi.events import (
    OverrideCalled,
    OverrideGivesGenerator,
    OverrideIgnored,
    SignatureHidden,
)
from flake8_async_fastapi.engine.events import Called, Entered
from flake8_async_fastapi.engine.values import (
    Coroutine,
    Function,
    Generator,
    Library,
    Manager,
    Object,
    Value,
)
from flake8_async_fastapi.knowledge import is_subtype
from flake8_async_fastapi.knowledge.transactions import is_session_type
from flake8_async_fastapi.rules.model import Events, Finding, Fix, Rule

RULE = Rule(
    "AFA412",
    "misdeclared-dependency",
    "bug",
    "Depends(get_db()), Depends(SessionLocal), @asynccontextmanager on a dependency, next() on its generator",
    fixable="safe",
)

_DROP = "drop the parentheses"
_KEYS = {
    "text": "the text {}",
    "annotation": "the annotation {}",
    "depends": "{}, not for its function",
    "call": "the result of {}, not for the function",
}
_FACTORIES = (
    "sqlalchemy.ext.asyncio.async_sessionmaker",
    "sqlalchemy.orm.sessionmaker",
    "sqlalchemy.ext.asyncio.async_scoped_session",
)
_DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security", "fastapi.params.Depends"})


def check(events: Events) -> Iterator[Finding]:
    for called in events.of(Called):
        name = called.callee.dotted if isinstance(called.callee, Library) else ""
        if name in _DEPENDS or name == "fastapi.param_functions.Depends":
            problem = _problem(called.arguments.get(0, "dependency"))
            if problem:
                yield RULE.at(called, f"{called.text} {problem}", fix=_fix(called))
        elif name == "builtins.next" and called.arguments.args:
            generator = called.arguments.args[0]
            if isinstance(generator, Generator) and generator.is_async:
                yield RULE.at(
                    called,
                    f"next() fails on the async generator {generator.label}: open the session with "
                    "async with",
                    fix=RULE.fix(called, "open_generator"),
                )
    for overridden in events.of(OverrideCalled):
        problem = f"the override is the result of {overridden.label}, not the function"
        yield RULE.at(overridden, f"{problem}: {_DROP}")
    for given in events.of(OverrideGivesGenerator):
        problem = f"the override returns the result of {given.label}, which FastAPI passes on as it is"
        yield RULE.at(given, f"{problem}: use the function itself")
    for hidden in events.of(SignatureHidden):
        yield RULE.at(hidden, _hidden_parameters(hidden))
    for ignored in events.of(OverrideIgnored):
        problem = f"the override is for {_KEYS[ignored.what].format(ignored.text)}, so it replaces nothing"
        meant = f"write dependency_overrides[{ignored.dependency}]" if ignored.dependency else ""
        yield RULE.at(ignored, f"{problem}: {meant or 'use the function'}")
    for entered in events.of(Entered):
        if isinstance(entered.value, Generator) and entered.value.label:
            decorator = "asynccontextmanager" if entered.value.is_async else "contextmanager"
            yield RULE.at(
                entered,
                f"{entered.text} is a generator, not a context manager: FastAPI turns it into one, but other "
                "code must use @asynccontextmanager",
                fix=RULE.fix(entered, "manage_generator", decorator),
            )


def _hidden_parameters(hidden: SignatureHidden) -> str:
    asked = " and ".join(hidden.parameters)
    answer = f"FastAPI asks the query for {asked}, and answers with status 422"
    if hidden.route:
        return f"{hidden.text} hides the parameters of {hidden.route}, so {answer}: use functools.wraps"
    what = "the override" if hidden.replaced else "the dependency"
    what = what if hidden.text == "..." else f"{what} {hidden.text}"
    return f"{what} takes any arguments, so {answer}: pass a function or lambda without *args and **kwargs"


def _decorator(given: Function) -> str:
    return "asynccontextmanager" if given.wrapped == "async-context" else "contextmanager"


def _fix(called: Called) -> Fix | None:
    """The fix for the argument of ``Depends()``: the function without the call, or without its decorator."""
    given = called.arguments.get(0, "dependency")
    if isinstance(given, (Coroutine, Generator, Manager)):
        return RULE.fix(called, "drop_call")
    if isinstance(given, Function) and given.wrapped:
        return Fix("drop_decorator", given.path, given.node.line, -1, (_decorator(given), given.name))
    return None


def _problem(given: Value | None) -> str:
    if isinstance(given, (Coroutine, Generator, Manager)):
        return f"gets the result of {given.label}, not the function: {_DROP}"
    if isinstance(given, Function) and given.wrapped:
        decorated = f"{given.name}, a @{_decorator(given)}"
        return f"gets {decorated}: FastAPI needs the plain generator; drop the decorator"
    if isinstance(given, Library) and is_session_type(given.dotted):
        return (
            "gets the session class, so FastAPI reads the arguments of its constructor from the request: "
            "write a function that yields a session"
        )
    if isinstance(given, Object) and any(is_subtype(given.type, name) for name in _FACTORIES):
        return (
            "gets the session factory, so FastAPI reads its arguments from the request, and nothing closes "
            "the session: write a function that yields one"
        )
    return ""
