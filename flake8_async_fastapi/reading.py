"""The facts of files and templates, and the requirements: from the cache, or read from texts and stored."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from flake8_async_fastapi.facts import template
from flake8_async_fastapi.facts.module import ModuleFacts, decode, encode
from flake8_async_fastapi.faults import LOG, Fault, survive
from flake8_async_fastapi.store.cache import Cache
from flake8_async_fastapi.store.sources import Source, digest

if TYPE_CHECKING:
    from flake8_async_fastapi.project.requirements import RequirementFiles

T = TypeVar("T")


def facts_of(source: Source, cache: Cache) -> ModuleFacts | None:
    """The facts of a file, from the cache or from its text; None if it has no facts.

    Raises Fault.
    """
    return _kept("facts", source, cache, decode, _extract)


def template_facts_of(source: Source, cache: Cache) -> template.TemplateFacts | None:
    """The facts of a template, from the cache or from its text; None if it has no facts.

    Raises Fault.
    """
    return _kept("templates", source, cache, template.decode, _extract_template)


def requirements_of(texts: Mapping[str, str], cache: Cache, salt: str) -> RequirementFiles:
    """The requirements in files, given as texts by path, from the cache if it has them."""
    from flake8_async_fastapi.project import requirements  # packaging: as with astroid

    key = digest("\0".join(part for pair in sorted(texts.items()) for part in pair), salt=salt)
    data = cache.read("requirements", key)
    found = requirements.decode(data) if data is not None else None
    if found is None:
        from flake8_async_fastapi.project.requirement_files import read_requirements

        found = read_requirements(texts)
        cache.write("requirements", key, requirements.encode(found))
    return found


def _kept(
    kind: str,
    source: Source,
    cache: Cache,
    decode: Callable[[bytes], T | None],
    extract: Callable[[Source, Cache], T | None],
) -> T | None:
    data = cache.read(kind, source.digest)
    if data is not None:
        if not data:
            return None
        facts = decode(data)
        if facts is not None:
            return facts
    return extract(source, cache)


def _extract(source: Source, cache: Cache) -> ModuleFacts | None:
    # astroid takes as long to import as flake8 itself: only when a text is new
    from flake8_async_fastapi.extract import extract

    return _new("facts", source, cache, extract, encode)


def _extract_template(source: Source, cache: Cache) -> template.TemplateFacts | None:
    from flake8_async_fastapi.extract.templates import extract_template  # jinja2: as with astroid

    return _new("templates", source, cache, extract_template, template.encode)


def _new(
    kind: str, source: Source, cache: Cache, extract: Callable[[str], T], encode: Callable[[T], bytes]
) -> T | None:
    from flake8_async_fastapi.extract import ExtractError

    try:
        facts = survive(source.path, "read", lambda: extract(source.text), passing=(ExtractError,))
    except ExtractError as error:
        LOG.info("%s %s", source.path, error)
        cache.write(kind, source.digest, b"")
        return None
    if facts is None:
        raise Fault
    gc.collect(0)  # the parser's tree refers to itself, and those of a whole project are large
    cache.write(kind, source.digest, encode(facts))
    return facts
