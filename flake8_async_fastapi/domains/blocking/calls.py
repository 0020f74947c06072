"""Calls as the engine tells of them, by what is called."""

from __future__ import annotations

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.blocking import blocking_calls, project_calls
from flake8_async_fastapi.domains.blocking.effects import ThreadWork, affect
from flake8_async_fastapi.domains.blocking.events import Effect
from flake8_async_fastapi.domains.blocking.surroundings import is_done
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import ClassValue, Coroutine, Function, Library, Member, Object


def begin(site: CallSite) -> None:
    """A value is about to be called."""
    frame, callee, arguments, label, place = site
    match callee:
        case Function():
            project_calls.call_function(frame, callee, place)
        case ClassValue():
            project_calls.construct(frame, callee, arguments, place)
        case Member(receiver=receiver, name=name):
            if not is_done(frame, callee):
                blocking_calls.call_library(frame, callee, arguments, place)
            short = f"{receiver.type.rpartition('.')[2]}.{name}"
            _affect_by_name(frame, f"{receiver.type}.{name}", short, place)
        case Object():
            blocking_calls.call_library(frame, callee, arguments, place)
        case Library(dotted=dotted):
            is_done(frame, callee)
            blocking_calls.call_library(frame, callee, arguments, place)
            _affect_by_name(frame, dotted, dotted, place)


def _affect_by_name(frame: Frame, dotted: str, short: str, place: Place) -> None:
    effect = knowledge.effect(dotted)
    if effect == "guards-loop":
        frame.note(ThreadWork).guards_loop = True
    elif effect:
        affect(frame, Effect(effect, short), place)


def note_coroutine(frame: Frame, made: Coroutine) -> None:
    """A library's method gave a coroutine: one of a database needs an event loop."""
    if made.family == "database":
        affect(frame, Effect("async-session", made.label), made.origin)
