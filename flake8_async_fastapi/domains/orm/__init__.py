"""ORM objects and how they are loaded, by SQLAlchemy and SQLModel.

Adds ``Instances`` to the state: everything known about each object, and the changes to sessions. Adds
``InstanceEffect``, ``KeyedQuery``, ``JoinedFetch`` and ``RefusedValue`` to the summary of a call, and
``Transition`` for the effects of leaving a context manager. Needs blocking and python, for the function
passed to ``run_sync`` and for times with a zone.
"""

from __future__ import annotations

from flake8_async_fastapi.domains.orm import library_models
from flake8_async_fastapi.domains.orm.mapping import declared, inspection
from flake8_async_fastapi.domains.orm.objects import (
    alone,
    changed_in_place,
    conditions,
    effects,
    given,
    held_by_callers,
    identity_map,
    other_items,
    outcomes,
    reads,
    refused,
    refused_values,
    representation,
    writes,
)
from flake8_async_fastapi.domains.orm.session import (
    blocks,
    failed_flushes,
    inferred_sessions,
    keyed_queries,
    run_sync,
    runners,
    session_effects,
    session_factories,
    unflushed,
)
from flake8_async_fastapi.domains.orm.statements import (
    descriptions,
    fetches,
    loader_options,
    misused,
    repeated_options,
    results,
    selects,
)
from flake8_async_fastapi.domains.orm.statements.queries import (
    AwaitableAttributes,
    Entity,
    FetchedResult,
    ProxiedItems,
    TransactionBlock,
)
from flake8_async_fastapi.engine.domain import Domain
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers
from flake8_async_fastapi.engine.values import Instance

DOMAIN = Domain(
    "orm",
    ("blocking", "python"),
    models=Models(
        calls=library_models.CALLS,
        attached=library_models.ATTACHED,
        methods=library_models.METHODS,
        objects=library_models.OBJECTS,
        resources=session_factories.RESOURCES,
        constructors=(writes.construct_instance, session_factories.make_extended_session),
        declared=(session_factories.declared_session,),
        parents={session_factories.ExtendedSession: session_factories.parent_of_extended_session},
        reads={Instance: reads.read_attribute, AwaitableAttributes: reads.read_awaitable},
        writes=(writes.write_attribute,),
        items={
            FetchedResult: results.element_of_result,
            inspection.InspectedClass: inspection.inspected_element,
            ProxiedItems: reads.proxied_item,
        },
        entries={TransactionBlock: blocks.entered_value},
        operators=selects.OPERATORS,
        members={
            inspection.InspectedClass: inspection.inspected_attribute,
            Entity: loader_options.alias_attribute,
            session_factories.ExtendedSession: session_factories.member_of_extended_session,
        },
        inherited=(loader_options.model_attribute, inspection.inspected_class),
        variables=session_factories.VARIABLES,
        descriptors=declared.DESCRIPTORS,
        undeclared=(run_sync.receives_sync_twin, inferred_sessions.receives_sync_session),
        passed=(inferred_sessions.async_session_of_callers, inferred_sessions.with_settings_of_callers),
        guesses=(inferred_sessions.session_of_callers,),
        descriptions=(representation.describe_instances, descriptions.describe_queries),
        texts=(inspection.attribute_keys,),
        other_paths=(outcomes.paths_after,),
    ),
    observers=Observers(
        dropped=(selects.report_dropped_option, results.make_unique, identity_map.keep_dropped),
        awaits=(session_factories.trust_await,),
        run_begins=(session_factories.trust_awaits,),
        entered=(blocks.on_enter,),
        left=(blocks.on_exit,),
        broken_off=(blocks.on_exception,),
        iteration_begins=(blocks.on_iteration, other_items.begin_item),
        loop_ends=(
            conditions.end_object_loop,
            other_items.end_items,
            repeated_options.end_loop,
            writes.end_assigning_loop,
        ),
        attribute_tested=(conditions.note_column_test,),
        tested=(outcomes.settle_outcome, inspection.forget_chosen),
        name_sought=(conditions.note_name_test,),
        caught=(conditions.note_handler, failed_flushes.expire_objects),
        emptied=(conditions.note_empty_container, repeated_options.empty_list),
        shown=(representation.read_repr,),
        escaped=(runners.follow_escaped, changed_in_place.note_escaped, alone.end_by_escape),
        havoc=(session_effects.havoc,),
        assigned=(changed_in_place.check_assignment,),
        stored=(refused.check_assignment, unflushed.check_assignment),
        branch_begins=(misused.report_tested,),
        augments=(changed_in_place.note_augmented,),
        called=(changed_in_place.CALLS,),
        call_ends=(run_sync.CALLS, refused.CALLS, refused.PASSED, unflushed.CALLS),
        coroutine_called=(held_by_callers.note_call,),
        consumed=(reads.consume_dynamic,),
        function_begins=(reads.begin_parameters, given.announce_readers),
        function_returns=(results.report_returned,),
    ),
    effects={
        **effects.EFFECTS,
        **keyed_queries.EFFECTS,
        **fetches.EFFECTS,
        **refused_values.EFFECTS,
    },
    parts=effects.PARTS,
)
