"""Domains as one: order, models of one name, what does not fit, and what their docstrings say."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from import_graph import read_imports
from test_import_contract import PACKAGE

from flake8_async_fastapi import domains
from flake8_async_fastapi.analysis import all_hooks
from flake8_async_fastapi.engine.domain import Domain, DomainError, combine
from flake8_async_fastapi.engine.models import CallModel, CallSite, Models
from flake8_async_fastapi.engine.observers import Observers
from flake8_async_fastapi.engine.state import Part
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


class Marker(Payload, frozen=True):
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

FOLDER = Path(domains.__file__).parent
PACKAGES: dict[str, ModuleType] = {
    info.name: module
    for info in pkgutil.iter_modules([str(FOLDER)])
    if hasattr(module := importlib.import_module(f"{domains.__name__}.{info.name}"), "DOMAIN")
}
"""The packages that are domains, by name."""


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
    needs = {name: module.DOMAIN.needs for name, module in PACKAGES.items()}
    found = {(own, other) for own, other in arrows(FOLDER) if {own, other} <= needs.keys()}
    assert ("fastapi", "pydantic") in found
    assert sorted((own, other) for own, other in found if other not in needs[own]) == []


# --- what their docstrings say --------------------------------------------------------------------

_NEEDS = re.compile(r"\bNeeds (no other domain|\w+(?:, \w+)*(?: and \w+)?)(?=\.|, (?:for|to) )")


def untold(docstring: str, needs: Iterable[str], parts: Iterable[str], effects: Iterable[str]) -> list[str]:
    """What the docstring of a domain says otherwise than it is, one line each.

    ``parts`` are the names of the types that it adds to the state, ``effects`` of those by which it
    says what calls do.
    """
    docstring = " ".join(docstring.split())
    told = _NEEDS.findall(docstring)
    named = set(re.split(r", | and ", told[0])) - {"no other domain"} if len(told) == 1 else None
    found = [] if named == set(needs) else [f"it needs {', '.join(sorted(needs)) or 'no other domain'}"]
    for kind, there in (("part of the state", {*parts}), ("effect", {*effects})):
        found += [f"it adds the {kind} {name}" for name in sorted(there) if f"``{name}``" not in docstring]
        says_none = re.search(rf"\bAdds (no [^.;]*)?no {kind}", docstring) is not None
        if says_none is bool(there):
            found.append(f"it adds {'some' if there else 'no'} {kind}")
    return found


def parts_of(package: ModuleType) -> set[str]:
    """The types in the modules of a package that have the methods of a ``Part``."""
    methods = {name for name, _ in inspect.getmembers(Part, inspect.isfunction) if not name.startswith("_")}
    modules = (
        importlib.import_module(info.name)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    )
    return {
        name
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and methods <= {*dir(kind)}
    }


@pytest.mark.parametrize("name", PACKAGES)
def test_the_docstring_of_a_domain_says_what_it_needs_and_adds(name: str) -> None:
    package = PACKAGES[name]
    effects = [kind.__name__ for kind in package.DOMAIN.effects]
    assert untold(package.__doc__ or "", package.DOMAIN.needs, parts_of(package), effects) == []


def test_parts_are_found_by_their_methods() -> None:
    found = {name: parts_of(package) for name, package in PACKAGES.items()}
    assert {name: parts for name, parts in found.items() if parts} == {
        "orm": {"Instances"},
        "session_scope": {"Closed", "Connections", "Transactions"},
    }
    handed_on = {kind.__name__ for package in PACKAGES.values() for kind in package.DOMAIN.parts}
    assert handed_on and handed_on <= set().union(*found.values())


@pytest.mark.parametrize(
    ("docstring", "told"),
    [
        ("A. Adds ``P`` to the state, and ``E`` to the summary. Needs a and b.", []),
        ("A. Adds ``P`` and ``E``. Needs a and b, to do\nthis and that.", []),
        ("A. Adds ``P`` and ``E``. Needs b and a, for c.", []),
        ("A. Adds ``P`` and ``E``.", ["it needs a, b"]),
        ("A. Adds ``P`` and ``E``. Needs no other domain.", ["it needs a, b"]),
        ("A. Adds ``P`` and ``E``. Needs a, to do this.", ["it needs a, b"]),
        ("A. Adds ``P`` and ``E``. Needs a, b and c.", ["it needs a, b"]),
        ("A. Adds ``P`` and ``E``. Needs a and b. Needs c.", ["it needs a, b"]),
        ("A. Adds ``P``. Needs a and b.", ["it adds the effect E"]),
        ("A. Adds P and ``E``. Needs a and b.", ["it adds the part of the state P"]),
        ("A. Adds ``P`` and ``E``. Adds no effect. Needs a and b.", ["it adds some effect"]),
    ],
)
def test_docstrings_that_say_otherwise(docstring: str, told: list[str]) -> None:
    assert untold(docstring, ("a", "b"), {"P"}, {"E"}) == told


@pytest.mark.parametrize(
    ("docstring", "told"),
    [
        ("A. Adds no part of the state and no effect. Needs no other domain.", []),
        ("A. Adds no part of the state, no effect and\nno event. Needs no other domain.", []),
        ("A. Adds no effect. Needs no other domain.", ["it adds no part of the state"]),
        ("A. Adds no part of the state. Needs no other domain.", ["it adds no effect"]),
        ("A. Adds no part of the state and no effect. Needs a.", ["it needs no other domain"]),
    ],
)
def test_docstrings_of_domains_that_add_nothing(docstring: str, told: list[str]) -> None:
    assert untold(docstring, (), (), ()) == told
