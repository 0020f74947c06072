"""Handlers of the engine's calls, by the kind of callee."""

from __future__ import annotations

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.domains.blocking import blocking_calls, constructors, migrations, project_calls
from flake8_async_fastapi.domains.blocking.effects import ThreadWork, report_or_keep_loop_use
from flake8_async_fastapi.domains.blocking.events import Effect
from flake8_async_fastapi.domains.blocking.surroundings import is_known_done, note_question, note_wait
from flake8_async_fastapi.engine.frame import Frame
from flake8_async_fastapi.engine.models import CallSite
from flake8_async_fastapi.engine.places import Place
from flake8_async_fastapi.engine.values import ClassValue, Coroutine, Function, Library, Member, Object


def note_call(site: CallSite) -> None:
    """Handle a call that is about to be made."""
    frame, callee, arguments, label, place = site
    match callee:
        case Function():
            project_calls.note_configured_call(frame, callee, place)
            project_calls.note_recursive_call(frame, callee, place)
        case ClassValue():
            constructors.apply_constructor(frame, callee, arguments, place)
        case Member(receiver=receiver, name=name):
            note_question(frame, callee)
            if not is_known_done(frame, callee):
                blocking_calls.note_library_call(frame, callee, arguments, place)
            short = f"{receiver.type.rpartition('.')[2]}.{name}"
            _note_effect_of_name(frame, f"{receiver.type}.{name}", short, place)
        case Object():
            blocking_calls.note_library_call(frame, callee, arguments, place)
        case Library(dotted=dotted):
            note_wait(frame, callee)
            blocking_calls.note_library_call(frame, callee, arguments, place)
            _note_effect_of_name(frame, dotted, dotted, place)


def _note_effect_of_name(frame: Frame, dotted: str, short: str, place: Place) -> None:
    effect = knowledge.effect(dotted)
    if effect == "guards-loop":
        frame.notes_of(ThreadWork).guards_loop = True
    elif effect:
        report_or_keep_loop_use(frame, Effect(effect, short, place.spot), place)
    elif dotted in migrations.COMMANDS and migrations.starts_loop(frame.ctx):
        report_or_keep_loop_use(frame, Effect("event-loop", short, place.spot), place)


def note_database_coroutine(frame: Frame, made: Coroutine) -> None:
    """Handle a coroutine that a library's method returned: one of a database needs an event loop."""
    if made.family == "database":
        report_or_keep_loop_use(frame, Effect("async-session", made.label, made.origin.spot), made.origin)
