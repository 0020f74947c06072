"""Domains as one: order, models of one name, and what does not fit."""

from __future__ import annotations

import pytest

from flake8_async_fastapi.analysis import all_hooks
from flake8_async_fastapi.engine.context import CallModel, CallSite, Models, Observers
from flake8_async_fastapi.engine.domain import Domain, DomainError, combine
from flake8_async_fastapi.engine.values import Plain, Value


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
