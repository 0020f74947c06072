"""Makes projects of any size: routers, services, repositories, models, schemas and templates.

The parts are in `project_texts.py`.  An entity has a model, schemas, a repository, a service, routes
and a page; each layer calls the one below.  Up to `AREA` entities share a package and a module of
models, and refer to each other, never to another package: a larger project has more packages, not
longer ways.

The same number of lines gives the same texts.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from string import Template

import project_texts as texts

AREA = 8
"""Entities in a package."""
BUGS = 0.1
"""The share of parts with a bug, where there is a choice."""
OPTIONAL = 0.7
"""The share of parts that are there, of those that need not be."""
_NOUNS = "invoice order customer product ticket project message account report booking".split()


def make_project(lines: int) -> dict[str, str]:
    """The files of a project with at least this many lines, by path."""
    files = dict(texts.SHARED)
    total = _count_lines(files)
    routers: list[tuple[str, str]] = []
    area = 0
    while total < lines:
        made, items = _make_area(area, lines - total)
        files |= made
        routers += [(f"area{area}", item) for item in items]
        total += _count_lines(made)
        area += 1
    files["app/main.py"] = _main(routers)
    return files


def _count_lines(files: Mapping[str, str]) -> int:
    return sum(text.count("\n") for path, text in files.items() if path.endswith(".py"))


def _make_area(number: int, lines: int) -> tuple[dict[str, str], Sequence[str]]:
    """The files of a package, and its entities; it ends early when there are lines enough."""
    area = f"area{number}"
    packages = (
        f"app/{area}",
        *(f"app/{area}/{layer}" for layer in ("schemas", "repositories", "services", "routers")),
    )
    files = {f"{package}/__init__.py": "" for package in packages}
    entities: list[dict[str, str]] = []
    while len(entities) < AREA and (not entities or _count_lines(files) < lines):
        dice = random.Random(f"{number} {len(entities)}")
        noun = f"{dice.choice(_NOUNS)}{number}_{len(entities)}"
        names = {"area": area, "item": noun, "items": f"{noun}s", "Item": noun.title().replace("_", "x")}
        if entities:
            parent = dice.choice(entities)
            names |= {"parent": parent["item"], "parents": parent["items"], "Parent": parent["Item"]}
        entities.append(names)
        files |= _make_entity(names, dice)
    files[f"app/{area}/models.py"] = _models(entities)
    return files, [names["item"] for names in entities]


def _make_entity(names: Mapping[str, str], dice: random.Random) -> dict[str, str]:
    folder, item = f"app/{names['area']}", names["item"]
    service = _chosen(dice, texts.SERVICE_PARTS, texts.SERVICE_CHOICES)
    router = _chosen(dice, texts.ROUTER_PARTS, texts.ROUTER_CHOICES, optional=0)
    made = {
        f"{folder}/schemas/{item}.py": texts.SCHEMAS,
        f"{folder}/repositories/{item}.py": texts.REPOSITORY
        + _chosen(dice, texts.REPOSITORY_PARTS, texts.REPOSITORY_CHOICES),
        f"{folder}/services/{item}.py": texts.SERVICE + service + texts.SERVICE_END,
        f"{folder}/routers/{item}.py": texts.ROUTER
        + router
        + (texts.PARENT_ROUTE if "parent" in names else ""),
        f"app/templates/{names['area']}/{item}.html": texts.TEMPLATE,
    }
    return {path: Template(text).substitute(names) for path, text in made.items()}


def _chosen(
    dice: random.Random,
    parts: Sequence[str],
    choices: Sequence[tuple[str, str]],
    optional: float = 1 - OPTIONAL,
) -> str:
    """The first part, some of the others, and of each choice the right form or the one with a bug."""
    found = [part for at, part in enumerate(parts) if not at or dice.random() >= optional]
    found += [wrong if dice.random() < BUGS else right for right, wrong in choices]
    return "".join(found)


def _models(entities: Sequence[Mapping[str, str]]) -> str:
    found = [texts.MODELS]
    for names in entities:
        children = [child for child in entities if child.get("parent") == names["item"]]
        relationships = [Template(texts.CHILD_RELATIONSHIP).substitute(child) for child in children]
        column = ""
        if "parent" in names:
            column = Template(texts.PARENT_COLUMN).substitute(names)
            relationships.append(Template(texts.PARENT_RELATIONSHIP).substitute(names))
        found.append(
            Template(texts.MODEL).substitute(
                names, parent_column=column, relationships="".join(relationships)
            )
        )
    return "".join(found)


def _main(routers: Sequence[tuple[str, str]]) -> str:
    imports = "".join(
        f"from app.{area}.routers.{item} import router as {item}_router\n" for area, item in routers
    )
    included = "".join(f"app.include_router({item}_router)\n" for _, item in routers)
    lifespan = (
        "\n\n@asynccontextmanager\nasync def lifespan(app: FastAPI) -> AsyncIterator[None]:\n"
        "    yield\n    await engine.dispose()\n\n\napp = FastAPI(lifespan=lifespan)\n"
    )
    head = "from collections.abc import AsyncIterator\nfrom contextlib import asynccontextmanager\n\n"
    return (
        f"{head}from fastapi import FastAPI\n\n{imports}from app.database import engine\n{lifespan}{included}"
    )
