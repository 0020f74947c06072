"""What pytest passes to tests and fixtures by the names of their parameters: the values of fixtures.

An object keeps what its fixture did to it. Other fixtures, and the application that a request runs, may
load more of it with the same session: what is missing then is doubtful.
"""

from __future__ import annotations

from typing import Final

from flake8_async_fastapi.domains.orm.objects import doubts
from flake8_async_fastapi.domains.orm.session import session_factories
from flake8_async_fastapi.domains.testing import fixtures
from flake8_async_fastapi.domains.testing.given_generators import awaits_coroutine, is_generator
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.machine import functions
from flake8_async_fastapi.engine.values import (
    Arguments,
    Collection,
    Coroutine,
    Function,
    Generator,
    Instance,
    Member,
    Object,
    Unknown,
    Value,
)
from flake8_async_fastapi.engine.walks import holds_coroutine, inner_values
from flake8_async_fastapi.engine.watches import Watch
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.tree import Param
from flake8_async_fastapi.knowledge.loop_use import LOOP_CLIENTS
from flake8_async_fastapi.project.modules import is_test

_FACTORY: Final = "sqlalchemy.ext.asyncio.async_sessionmaker"
_CLIENT: Final = "httpx.AsyncClient"


def pass_fixture(frame: Frame, function: Function, param: Param, declared: Value) -> Value | None:
    """The objects, session or function that a fixture passes; None for all else.

    An annotation must agree with what is passed.
    """
    if not is_test(function.path) or param.default is not None:
        return None
    found = fixtures.fixture_of(frame.ctx, function, param.name)
    if found is None or is_generator(frame.ctx, function.path, param.name):
        return None
    if awaits_coroutine(frame.ctx, function, param.name):
        return None
    value = _value_of(frame, found)
    if not _says_more(value, declared) or holds_coroutine(value):
        return None
    doubts.doubt_missing(frame, [value], doubts.BY_FIXTURE)
    return value


def _value_of(frame: Frame, fixture: Function) -> Value:
    """What a fixture returns or yields; what it did to objects is applied to the path."""
    given = functions.quiet_result(frame, fixture, Arguments(), fixture.key)
    if isinstance(given, Generator):
        given = given.item
    if isinstance(given, Coroutine) and given.function is not None and given.call is not None:
        return functions.result_of_call(frame, given.function, given.call, fixture.key)
    return given


def _says_more(value: Value, declared: Value) -> bool:
    """Whether a value is one that is followed, and what the annotation says, if it says anything."""
    if isinstance(value, Instance):
        is_same = isinstance(declared, Instance) and declared.cls == value.cls
        is_known = value.location is not None or bool(value.attributes)
        return is_known and (is_same or isinstance(declared, Unknown))
    if isinstance(value, Object) and (session_factories.is_tracked_session(value) or value.type == _FACTORY):
        is_same = isinstance(declared, Object) and declared.type == value.type
        return is_same or isinstance(declared, Unknown)
    if isinstance(value, Collection):
        located = (isinstance(one, Instance) and one.location is not None for one in inner_values(value))
        return isinstance(declared, (Unknown, Collection)) and any(located)
    return isinstance(value, Function) and isinstance(declared, Unknown)


def doubt_after_request(
    frame: Frame, callee: Value, arguments: Arguments, node: tree.Call, result: Value
) -> None:
    """Doubt what is missing after a request: the application may use the session of the test."""
    if isinstance(callee, Member) and callee.receiver.type == _CLIENT and is_test(frame.path):
        doubts.doubt_missing(frame, frame.state.values(), doubts.BY_REQUEST)
        frame.notes_of(doubts.Requests).sent = True


CALLS: Final = Watch(doubt_after_request, methods=LOOP_CLIENTS[_CLIENT])
