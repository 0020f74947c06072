"""ORM objects on a path: what is loaded of them, what reading and writing them does.

Adds to the state what is known of each object, and to the summary of a call what it does to them.
"""

from __future__ import annotations


def __getattr__(name: str) -> object:
    """The ``DOMAIN``, made late as long as the engine itself imports modules of this folder."""
    if name != "DOMAIN":
        raise AttributeError(name)
    from flake8_async_fastapi.domains.orm import conditions, effects, reads, showing, writes
    from flake8_async_fastapi.domains.sqlalchemy import library_models, run_sync, session_factories, sessions
    from flake8_async_fastapi.domains.sqlalchemy.mapping import inspection
    from flake8_async_fastapi.domains.sqlalchemy.queries import Awaitables
    from flake8_async_fastapi.engine.context import Models, Observers
    from flake8_async_fastapi.engine.domain import Domain
    from flake8_async_fastapi.engine.values import Instance

    models = Models(
        calls=library_models.CALLS,
        attached=library_models.ATTACHED,
        methods=library_models.METHODS,
        objects=library_models.OBJECTS,
        resources=session_factories.RESOURCES,
        constructors=(writes.construct,),
        reads={Instance: reads.read_attribute, Awaitables: reads.read_awaitable},
        writes=(writes.write_attribute,),
        descriptions=(showing.describe,),
        texts=(inspection.keys,),
    )
    observers = Observers(
        attribute_tested=(conditions.test_attribute,),
        name_sought=(conditions.seek_name,),
        emptied=(conditions.empty,),
        shown=(showing.show,),
        escaped=(sessions.escape,),
        havoc=(sessions.havoc,),
        call_ends=(run_sync.report,),
        consumed=(reads.consumed,),
        function_begins=(reads.begin_parameters,),
    )
    return Domain("orm", models=models, observers=observers, effects=effects.EFFECTS, parts=effects.PARTS)
