"""Calls that block the event loop or start another one, and code that is allowed to make them.

Adds ``ThreadEffects`` to the summary of a function: the effects of a call on the thread that makes it, and
``LoopAsked``: it tells whether a loop is running. Adds no part of the state; a run notes its effects, and
the code around a call that allows it to block. Needs no other domain.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.blocking import (
    blocking_calls,
    calls,
    effects,
    known_files,
    managers,
    project_calls,
    surroundings,
    wrappers,
)
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "blocking",
    models=Models(
        calls=wrappers.CALLS, offloads=(surroundings.is_offloading,), literals=(known_files.model_place,)
    ),
    observers=Observers(
        applies=(calls.note_call,),
        branch_begins=(surroundings.begin_branch,),
        branch_ends=(surroundings.end_branch,),
        callback_ran=(project_calls.apply_run_sync,),
        coroutine_made=(calls.note_database_coroutine,),
        coroutine_called=(project_calls.apply_callbacks,),
        enters=(managers.apply_manager,),
        function_called=(effects.apply_effects,),
        instance_read=(project_calls.apply_property,),
        item_begins=(managers.note_with_block,),
        iterates=(blocking_calls.apply_iteration,),
    ),
    effects=effects.EFFECTS,
)
