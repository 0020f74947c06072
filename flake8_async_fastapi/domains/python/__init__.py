"""The standard library: builtins, containers, iteration, ``functools``, ``typing``, paths and moments.

Provides the results of their calls and operators, and tracks the values that objects keep and their methods
change. Adds no part of the state, no effect and no event. Needs no other domain.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.python import (
    awaitables,
    builtins,
    changing_objects,
    injected,
    iteration,
    lookups,
    moments,
    on_demand,
    passed_objects,
    paths,
    registries,
    stdlib,
)
from flake8_async_fastapi.engine.containers import BoundContainer
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers

DOMAIN = Domain(
    "python",
    models=Models(
        calls={
            **awaitables.CALLS,
            **builtins.CALLS,
            **injected.CALLS,
            **moments.CALLS,
            **paths.CALLS,
            **stdlib.CALLS,
        },
        attached={BoundContainer: iteration.call_container_method},
        methods={**awaitables.METHODS, **injected.METHODS, **paths.METHODS, **stdlib.METHODS},
        members={injected.Providers: injected.provider_of},
        awaits=awaitables.AWAITS,
        constructors=(stdlib.make_typed_dict, injected.make_container),
        conditions=(lookups.evaluate_lookup,),
        registered=(registries.filled_container,),
        demanded=(on_demand.made_on_demand,),
        guesses=(passed_objects.object_of_callers,),
        objects={"operator.attrgetter": iteration.call_getter},
        operators={**paths.OPERATORS, **moments.OPERATORS},
    ),
    observers=Observers(
        called=(changing_objects.CALLS,), receiver_changed=(changing_objects.change_receiver,)
    ),
)
