"""Domains: extensions of the engine, one for each library or kind of mistake.

The engine interprets Python and knows no library. With ``models``, a domain defines the results of a
library's calls, attributes and items. With ``observers``, it is notified of events. Its knowledge of a path
is a ``Part`` of the ``State``; its knowledge of a single run is a note of the ``Frame``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

from msgspec import Struct, field
from msgspec.structs import fields

from flake8_async_fastapi.engine.effects import EffectHooks, PartHooks
from flake8_async_fastapi.engine.hooks import Hooks
from flake8_async_fastapi.engine.models import Models
from flake8_async_fastapi.engine.observers import Observers
from flake8_async_fastapi.engine.watches import Watches

T = TypeVar("T", Models, Observers)


class DomainError(Exception):
    """Domains that do not fit together: a circle of needs, an unknown name, or two models of the same
    thing.
    """


class Domain(Struct, frozen=True):
    """A library or a kind of mistake. Its results depend only on arguments and on questions to the project.

    ``needs`` names the domains whose functions and parts it may use. ``effects`` defines, by type, how it
    records the effects of calls. ``parts`` defines how its knowledge of a path is passed into a callee.
    """

    name: str
    needs: tuple[str, ...] = ()
    models: Models = field(default_factory=Models)
    observers: Observers = field(default_factory=Observers)
    effects: Mapping[type[Any], EffectHooks] = field(default_factory=dict)
    parts: Mapping[type[Any], PartHooks] = field(default_factory=dict)


def combine(domains: Iterable[Domain]) -> Hooks:
    """All domains as one. A domain that needs others comes before them, both for models and for observers.

    Raises DomainError if two domains model the same thing and neither needs the other.
    """
    ordered = _sort_by_needs(domains)
    observers = _merge_hooks(Observers, [(domain, domain.observers) for domain in ordered])
    return Hooks(
        _merge_hooks(Models, [(domain, domain.models) for domain in ordered]),
        observers,
        {kind: hooks for domain in ordered for kind, hooks in domain.effects.items()},
        {kind: hooks for domain in ordered for kind, hooks in domain.parts.items()},
        Watches(observers.called),
        Watches(observers.call_ends),
    )


def _sort_by_needs(domains: Iterable[Domain]) -> list[Domain]:
    """The domains, each before those it needs, otherwise by name."""
    by_name = {domain.name: domain for domain in sorted(domains, key=lambda domain: domain.name)}
    users: dict[str, set[str]] = {name: set() for name in by_name}
    for domain in by_name.values():
        for needed in domain.needs:
            if needed not in by_name:
                raise DomainError(f"{domain.name} needs {needed}, and there is no such domain")
            users[needed].add(domain.name)
    sorter = TopologicalSorter(users)
    try:
        sorter.prepare()
    except CycleError as error:
        raise DomainError(f"domains need each other: {', '.join(error.args[1])}") from error
    ordered: list[Domain] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        ordered += [by_name[name] for name in ready]
        sorter.done(*ready)
    return ordered


def _merge_hooks(kind: type[T], given: list[tuple[Domain, T]]) -> T:
    """One table of hooks: mappings are merged by key, lists concatenated."""
    merged: dict[str, Any] = {}
    for one in fields(kind):
        parts = [(domain, getattr(hooks, one.name)) for domain, hooks in given]
        if all(isinstance(part, Mapping) for _, part in parts):
            merged[one.name] = _merge_mappings(one.name, parts)
        else:
            merged[one.name] = tuple(hook for _, part in parts for hook in part)
    return kind(**merged)


def _merge_mappings(what: str, parts: list[tuple[Domain, Mapping[Any, Any]]]) -> dict[Any, Any]:
    merged: dict[Any, Any] = {}
    owners: dict[Any, Domain] = {}
    for domain, mapping in parts:
        for key, model in mapping.items():
            owner = owners.get(key)
            if owner is not None and domain.name not in owner.needs:
                raise DomainError(f"{owner.name} and {domain.name} both have {what} of {key}")
            merged[key] = model if owner is None else _ask_both(merged[key], model)
            owners[key] = domain
    return merged


def _ask_both(first: Callable[..., Any], second: Callable[..., Any]) -> Callable[..., Any]:
    """A model that falls back to another one if it has no answer."""

    def ask(*given: Any) -> Any:
        found = first(*given)
        return second(*given) if found is None else found

    return ask
