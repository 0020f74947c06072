"""What Jinja reads of the objects that it renders."""

from __future__ import annotations

import pytest
from behaviour_models import Post, needs_io
from jinja2 import DictLoader, Environment
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

pytestmark = pytest.mark.anyio

READS = [
    "{{ post.author.name }}",
    "{{ post['author'] }}",
    "{{ post|attr('author') }}",
    "{% for comment in post.comments %}{% endfor %}",
    "{{ [post]|map(attribute='author')|list }}",
    "{% if post.author is defined %}{% endif %}",
    "{{ post.author|default('nobody') }}",
    "{{ post.byline }}",
]


@pytest.mark.parametrize("template", READS)
async def test_templates_read_attributes(session: AsyncSession, template: str) -> None:
    post = await session.get_one(Post, 1)
    with needs_io():
        Environment().from_string(template).render(post=post)


async def test_templates_show_what_is_loaded(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1, options=[selectinload(Post.author)])
    text = "{{ post.title }} {{ post.author.name }} {{ post.nothing }}"
    assert Environment().from_string(text).render(post=post) == "first ann "
    assert Environment().from_string("{{ post }}").render(post=post)


async def test_branch_that_is_not_taken_reads_nothing(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    text = "{% if false %}{{ post.author.name }}{% endif %}"
    assert Environment().from_string(text).render(post=post) == ""


PAGES = {
    "base": "{% block body %}{% endblock %}",
    "block": "{% extends 'base' %}{% block body %}{{ post.author.name }}{% endblock %}",
    "include": "{% include 'part' %}",
    "part": "{{ post.author.name }}",
    "macro": "{% macro show(given) %}{{ given.author.name }}{% endmacro %}{{ show(post) }}",
}


@pytest.mark.parametrize("name", ["block", "include", "macro"])
async def test_blocks_includes_and_macros_read(session: AsyncSession, name: str) -> None:
    post = await session.get_one(Post, 1)
    with needs_io():
        Environment(loader=DictLoader(PAGES)).get_template(name).render(post=post)


async def test_async_templates_do_not_load(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    with needs_io():
        await Environment(enable_async=True).from_string("{{ post.author.name }}").render_async(post=post)
