"""Domains as one: order, models of one name, and what does not fit."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from import_graph import read_imports
from test_import_contract import PACKAGE

from flake8_async_fastapi import domains
from flake8_async_fastapi.analysis import all_hooks
from flake8_async_fastapi.engine.domain import Domain, DomainError, combine
from flake8_async_fastapi.engine.models import CallModel, CallSite, Models
from flake8_async_fastapi.engine.observers import Observers
from flake8_async_fastapi.engine.values import UNKNOWN, Object, Payload, Plain, Value


def giving(kind: str | None) -> CallModel:
    def model(site: CallSite) -> Value | None:
        return None if kind is None else Plain(kind)

    return model


def called(dotted: str, *domains: Domain) -> Value | None:
    model = combine(domains).models.call(dotted)
    return model(None) if model is not None else None  # type: ignore[arg-type]


def test_a_model_is_found_by_name_or_by_package() -> None:
    domain = Domain("a", models=Models(calls={"x.f": giving("f"), "x.*": giving("any")}))
    assert called("x.f", domain) == Plain("f")
    assert called("x.g", domain) == Plain("any")
    assert called("y.f", domain) is None


def test_who_needs_another_domain_is_asked_first() -> None:
    below = Domain("a", models=Models(calls={"x.f": giving("below"), "x.g": giving("below")}))
    above = Domain("b", ("a",), models=Models(calls={"x.f": giving("above"), "x.g": giving(None)}))
    assert called("x.f", below, above) == Plain("above")
    assert called("x.g", below, above) == Plain("below")


def test_two_models_of_one_name_need_an_order() -> None:
    calls = {"x.f": giving("f")}
    with pytest.raises(DomainError, match="a and b both have calls of x.f"):
        combine([Domain("a", models=Models(calls=calls)), Domain("b", models=Models(calls=calls))])


def test_observers_of_those_above_are_told_first() -> None:
    def first(*told: object) -> None: ...

    def second(*told: object) -> None: ...

    domains = [
        Domain("a", observers=Observers(decorated=(second,))),
        Domain("b", ("a",), observers=Observers(decorated=(first,))),
    ]
    assert combine(domains).observers.decorated == (first, second)
    assert combine(reversed(domains)).observers.decorated == (first, second)


def test_circles_and_strangers_are_refused() -> None:
    with pytest.raises(DomainError, match="need each other"):
        combine([Domain("a", ("b",)), Domain("b", ("a",))])
    with pytest.raises(DomainError, match="a needs c, and there is no such domain"):
        combine([Domain("a", ("c",))])


def test_the_domains_of_the_package_fit_together() -> None:
    assert all_hooks().models.call("functools.partial") is not None


# --- models that are asked by what is attached, or one after the other ---------------------------


@dataclass(frozen=True)
class Marker(Payload):
    passes: Value


def test_a_marker_says_what_is_passed_for_a_parameter() -> None:
    def passes(frame: object, marker: Object, annotation: object) -> Value:
        assert isinstance(marker.detail, Marker)
        return marker.detail.passes

    models = combine([Domain("a", models=Models(parameters={Marker: passes}))]).models
    marked, silent = (Object("x.M", detail=Marker(value)) for value in (Plain("int"), UNKNOWN))
    passed = [models.provided_value(None, value, None) for value in (marked, silent, Object("x.M"))]  # type: ignore[arg-type]
    assert passed == [Plain("int"), None, None]
    assert models.parameter(silent) is passes
    assert models.parameter(Plain("int")) is None


def test_the_first_domain_that_knows_says_what_a_class_inherits() -> None:
    def only(known: str, kind: str) -> Models:
        return Models(inherited=(lambda ctx, owner, name: Plain(kind) if name == known else None,))

    below, above = Domain("a", models=only("f", "below")), Domain("b", ("a",), models=only("g", "above"))
    both = Domain("c", ("b",), models=only("f", "top"))
    models = combine([below, above, both]).models
    found = [models.inherit(None, None, name) for name in "fgh"]  # type: ignore[arg-type]
    assert found == [Plain("top"), Plain("above"), None]


# --- who imports whom -----------------------------------------------------------------------------


def arrows(folder: Path) -> Iterator[tuple[str, str]]:
    """The domains that each domain of a folder imports modules of."""
    prefix = f"{PACKAGE.name}.{folder.name}."
    for path in sorted(folder.rglob("*.py")):
        own = path.relative_to(folder).parts[0]
        for _, name in read_imports(path, PACKAGE):
            other = name.removeprefix(prefix).partition(".")[0]
            if name.startswith(prefix) and other != own:
                yield own, other


def test_domains_import_only_those_that_they_need() -> None:
    folder = Path(domains.__file__).parent
    modules = {
        info.name: importlib.import_module(f"{domains.__name__}.{info.name}")
        for info in pkgutil.iter_modules([str(folder)])
    }
    needs = {name: module.DOMAIN.needs for name, module in modules.items() if hasattr(module, "DOMAIN")}
    found = {(own, other) for own, other in arrows(folder) if {own, other} <= needs.keys()}
    assert ("fastapi", "pydantic") in found
    assert sorted((own, other) for own, other in found if other not in needs[own]) == []
