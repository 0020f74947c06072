"""Templates are run as Jinja runs them: held against Jinja itself, and bounded whatever they hold."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from case_files import Program, run

from flake8_async_fastapi.analysis import analysis_of

MODELS = """
from sqlalchemy import ForeignKey
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

engine = create_async_engine("sqlite+aiosqlite://")
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User] = relationship()
    comments: Mapped[list["Comment"]] = relationship()

    @property
    def byline(self) -> str:
        return f"by {self.author.name}"

    def signed(self) -> str:
        return self.byline


class Comment(Base):
    __tablename__ = "comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id"))
    post: Mapped[Post] = relationship(overlaps="comments")
    writer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    writer: Mapped[User] = relationship()


async def get_session():
    async with SessionLocal() as session:
        yield session


async def fill():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    async with SessionLocal() as session:
        ann, bob = User(name="ann"), User(name="bob")
        post = Post(title="First", author=ann)
        session.add_all([post, Comment(text="Nice", post=post, writer=bob)])
        await session.commit()
"""

MAIN = """
from pathlib import Path

from jinja2 import Environment, FileSystemLoader
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from models import Post, SessionLocal, engine, fill

env = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
)


async def show(session: AsyncSession):
    post = await session.get_one(Post, 1, options=[selectinload(Post.comments)])
    CALL


async def main():
    await fill()
    async with SessionLocal() as session:
        await show(session)
"""
CALL = 'return env.get_template("page.html").render(post=post, posts=[post], title="A", full=False)'
LINE = 1 + next(number for number, line in enumerate(MAIN.splitlines()) if "CALL" in line)

Templates = Mapping[str, str]

BASE = "{% set place = 'base' %}{% block head %}{{ post.author }}{% endblock %}{% block body %}{% endblock %}"
MACROS = (
    "{% macro byline(post) %}{{ post.author.name }}{% endmacro %}"
    "{% macro shown(post) %}{{ byline(post) }}{% endmacro %}"
    "{% macro title(post, deep=false) %}{{ post.title }}"
    "{% if deep %}{{ post.author }}{% endif %}{% endmacro %}"
    "{% set heading = 'Posts' %}"
)

READING: dict[str, Templates] = {
    "an attribute": {"page.html": "{{ post.author }}"},
    "a property of the model": {"page.html": "{{ post.byline }}"},
    "a method of the model": {"page.html": "{{ post.signed() }}"},
    "behind a condition that is not known": {"page.html": "{% if post.title %}{{ post.author }}{% endif %}"},
    "in the else of something undefined": {"page.html": "{% if no %}{% else %}{{ post.author }}{% endif %}"},
    "something is undefined": {"page.html": "{% if no is not defined %}{{ post.author }}{% endif %}"},
    "the second step": {"page.html": "{% for c in post.comments %}{{ c.writer.name }}{% endfor %}"},
    "the loop hides a name": {"page.html": "{% for post in [1] %}{{ post }}{% endfor %}{{ post.author }}"},
    "with hides a name": {"page.html": "{% with post = 1 %}{% endwith %}{{ post.author }}"},
    "a block in a loop sees what is outside": {
        "page.html": "{% for post in [1] %}{% block b %}{{ post.author }}{% endblock %}{% endfor %}"
    },
    "a scoped block in a loop": {
        "page.html": "{% for p in posts %}{% block b scoped %}{{ p.author }}{% endblock %}{% endfor %}"
    },
    "a block after a loop": {
        "page.html": "{% for post in [1] %}{% endfor %}{% block b %}{{ post.author }}{% endblock %}"
    },
    "a block of the parent": {"page.html": "{% extends 'base.html' %}", "base.html": BASE},
    "super": {
        "page.html": "{% extends 'base.html' %}{% block head %}{{ super() }}{% endblock %}",
        "base.html": BASE,
    },
    "super, through a parent without the block": {
        "page.html": "{% extends 'middle.html' %}{% block head %}{{ super() }}{% endblock %}",
        "middle.html": "{% extends 'base.html' %}",
        "base.html": BASE,
    },
    "super of super": {
        "page.html": "{% extends 'middle.html' %}{% block head %}{{ super.super() }}{% endblock %}",
        "middle.html": "{% extends 'base.html' %}{% block head %}{% endblock %}",
        "base.html": BASE,
    },
    "a block by self": {
        "page.html": "{% extends 'base.html' %}{% block head %}{{ self.body() }}{% endblock %}"
        "{% block body %}{{ post.author }}{% endblock %}",
        "base.html": "{% block head %}{% endblock %}{% if full %}{% block body %}{% endblock %}{% endif %}",
    },
    "set by the child, read by the parent": {
        "page.html": "{% extends 'base.html' %}{% set shown = post %}",
        "base.html": "{{ shown.author }}",
    },
    "a parent named by a variable": {
        "page.html": "{% set parent = 'base.html' %}{% extends parent %}",
        "base.html": BASE,
    },
    "one of two parents": {
        "page.html": "{% extends 'no.html' if full else 'base.html' %}",
        "base.html": BASE,
        "no.html": "",
    },
    "an include": {"page.html": "{% include 'part.html' %}", "part.html": "{{ post.author }}"},
    "an include in a loop": {
        "page.html": "{% for p in posts %}{% include 'part.html' %}{% endfor %}",
        "part.html": "{{ p.author }}",
    },
    "the first include that there is": {
        "page.html": "{% include ['no.html', 'part.html'] %}",
        "part.html": "{{ post.author }}",
    },
    "an include with a parent": {
        "page.html": "{% include 'part.html' %}",
        "part.html": "{% extends 'base.html' %}",
        "base.html": BASE,
    },
    "an imported macro": {
        "page.html": "{% import 'macros.html' as m %}{{ m.byline(post) }}",
        "macros.html": MACROS,
    },
    "a macro of an imported macro": {
        "page.html": "{% from 'macros.html' import shown %}{{ shown(posts[0]) }}",
        "macros.html": MACROS,
    },
    "a parameter by name": {
        "page.html": "{% from 'macros.html' import title %}{{ title(deep=true, post=post) }}",
        "macros.html": MACROS,
    },
    "import with context": {
        "page.html": "{% from 'm.html' import m with context %}{{ m() }}",
        "m.html": "{% macro m() %}{{ post.author }}{% endmacro %}",
    },
    "a variable of an imported template": {
        "page.html": "{% import 'm.html' as m with context %}{{ m.shown.author }}",
        "m.html": "{% set shown = post %}",
    },
    "a macro of its own sees the context": {
        "page.html": "{% macro m() %}{{ post.author }}{% endmacro %}{{ m() }}"
    },
    "a macro in a block": {
        "page.html": "{% extends 'base.html' %}{% macro m(p) %}{{ p.author }}{% endmacro %}"
        "{% block head %}{{ m(post) }}{% endblock %}",
        "base.html": BASE,
    },
    "a macro that calls a later one": {
        "page.html": "{% macro a(p) %}{{ b(p) }}{% endmacro %}{% macro b(p) %}{{ p.author }}{% endmacro %}"
        "{{ a(post) }}"
    },
    "a macro that calls itself": {
        "page.html": "{% macro m(p, n) %}{% if n %}{{ m(p, n - 1) }}{% endif %}{{ p.author }}{% endmacro %}"
        "{{ m(post, 2) }}"
    },
    "the default of a parameter": {"page.html": "{% macro m(p=post) %}{{ p.author }}{% endmacro %}{{ m() }}"},
    "further arguments": {"page.html": "{% macro m() %}{{ varargs[0].author }}{% endmacro %}{{ m(post) }}"},
    "further keywords": {"page.html": "{% macro m() %}{{ kwargs.p.author }}{% endmacro %}{{ m(p=post) }}"},
    "the body of a call": {
        "page.html": "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ post.author }}{% endcall %}"
    },
    "an item of a dict": {"page.html": "{% set d = {'p': post} %}{{ d.p.author }}"},
    "an item of a dict by its key": {"page.html": "{{ {'p': post}['p'].author }}"},
    "a group": {
        "page.html": "{% for g in posts | groupby('title') %}{% for p in g.list %}{{ p.author }}"
        "{% endfor %}{% endfor %}"
    },
    "the key of a group": {
        "page.html": "{% for key, ps in posts | groupby('title') %}{{ (ps | first).author }}{% endfor %}"
    },
    "after continue": {
        "page.html": "{% for p in posts %}{% if full %}{% continue %}{% endif %}{{ p.author }}{% endfor %}"
    },
    "an argument of a filter": {"page.html": "{{ 'by %s' | format(post.author.name) }}"},
    "the value of a test": {"page.html": "{% if post.author is string %}{% endif %}"},
    "set in a block of text": {"page.html": "{% set text %}{{ post.author }}{% endset %}"},
    "a namespace": {"page.html": "{% set ns = namespace() %}{% set ns.p = post %}{{ ns.p.author }}"},
    "do": {"page.html": "{% do post.author %}"},
}

SILENT: dict[str, Templates] = {
    "columns": {"page.html": "{{ post.title }}{{ post.comments | length }}"},
    "what is loaded": {"page.html": "{% for c in post.comments %}{{ c.text }}{% endfor %}"},
    "a condition that is known": {"page.html": "{% if full %}{{ post.author }}{% endif %}"},
    "something undefined": {"page.html": "{% if no %}{{ post.author }}{% endif %}"},
    "something undefined, asked": {"page.html": "{% if no is defined %}{{ post.author }}{% endif %}"},
    "something undefined, and": {"page.html": "{{ post.author if no and post.title }}"},
    "the loop hides the name": {
        "page.html": "{% for post in [{'author': 1}] %}{{ post.author }}{% endfor %}"
    },
    "a block that is replaced": {
        "page.html": "{% extends 'base.html' %}{% block head %}{{ post.title }}{% endblock %}",
        "base.html": BASE,
    },
    "a block that no parent has": {
        "page.html": "{% extends 'base.html' %}{% block other %}{{ post.author }}{% endblock %}",
        "base.html": "{% block head %}{% endblock %}",
    },
    "a block that no child called": {
        "page.html": "{% extends 'middle.html' %}{% block head %}{% endblock %}",
        "middle.html": "{% extends 'base.html' %}{% block head %}{{ super() }}{% endblock %}",
        "base.html": BASE,
    },
    "a block in a loop does not see its variable": {
        "page.html": "{% for p in posts %}{% block b %}{% if p %}{{ p.author }}{% endif %}{% endblock %}"
        "{% endfor %}"
    },
    "what a child prints outside of blocks": {
        "page.html": "{% extends 'base.html' %}{{ post.author }}",
        "base.html": "{{ post.title }}",
    },
    "the other of two parents": {
        "page.html": "{% extends 'base.html' if full else 'no.html' %}",
        "base.html": BASE,
        "no.html": "",
    },
    "an include without context": {
        "page.html": "{% include 'part.html' without context %}",
        "part.html": "{% if post %}{{ post.author }}{% endif %}",
    },
    "an import without context": {
        "page.html": "{% from 'm.html' import m %}{{ m() }}",
        "m.html": "{% macro m() %}{% if post %}{{ post.author }}{% endif %}{% endmacro %}",
    },
    "a variable of a loop is none of a macro's": {
        "page.html": "{% macro m() %}{% if p %}{{ p.author }}{% endif %}{% endmacro %}"
        "{% for p in posts %}{{ m() }}{% endfor %}"
    },
    "what an include sets": {
        "page.html": "{% include 'part.html' %}{% if p %}{{ p.author }}{% endif %}",
        "part.html": "{% set p = post %}",
    },
    "what a block sets": {
        "page.html": "{% block b %}{% set p = post %}{% endblock %}{% if p %}{{ p.author }}{% endif %}",
    },
    "a macro that nobody calls": {
        "page.html": "{% from 'macros.html' import title %}{{ title(post) }}",
        "macros.html": MACROS,
    },
    "a parameter that is not given": {
        "page.html": "{% macro m(p) %}{% if p %}{{ p.author }}{% endif %}{% endmacro %}{{ m() }}"
    },
    "a parameter hides a name": {
        "page.html": "{% macro m(post) %}{{ post.author }}{% endmacro %}{{ m({'author': 1}) }}"
    },
    "a key that is called like an attribute": {"page.html": "{% set d = {'author': 1} %}{{ d.author }}"},
    "the first include that there is": {
        "page.html": "{% include ['none.html', 'no.html', 'part.html'] %}",
        "no.html": "",
        "part.html": "{{ post.author }}",
    },
    "an include that is missing": {"page.html": "{% include 'no.html' ignore missing %}{{ post.title }}"},
    "an include that calls itself": {
        "page.html": "{% include 'part.html' %}",
        "part.html": "{{ post.title }}{% if full %}{% include 'part.html' %}{% endif %}",
    },
    "imports that do nothing in a circle": {
        "page.html": "{% import 'a.html' as a %}{{ a.x }}{{ post.title }}",
        "a.html": "{% if full %}{% import 'page.html' as page %}{% endif %}{% set x = 1 %}",
    },
}


def program(templates: Templates, call: str = CALL) -> Program:
    files = {f"templates/{name}": text for name, text in templates.items()}
    return Program({"models.py": MODELS, "main.py": MAIN.replace("CALL", call), **files}, runs=True)


def codes(checked: Program) -> set[tuple[str, int, str]]:
    return {(path, line, code) for (path, line), found in checked.findings().items() for code in found}


@pytest.mark.parametrize("title", READING)
def test_what_a_template_reads_is_reported_where_it_is_rendered(title: str) -> None:
    assert codes(program(READING[title])) == {("main.py", LINE, "AFA304")}


@pytest.mark.parametrize("title", SILENT)
def test_what_a_template_does_not_read_is_not(title: str) -> None:
    assert codes(program(SILENT[title])) == set()


@pytest.mark.parametrize(("group", "title"), [
    *(("reading", title) for title in READING), *(("silent", title) for title in SILENT),
])  # fmt: skip
def test_jinja_does_the_same(group: str, title: str, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("aiosqlite")
    templates = READING[title] if group == "reading" else SILENT[title]
    outcome = run(program(templates), tmp_path)
    assert outcome.failed is (group == "reading"), outcome


# --- where it is rendered -------------------------------------------------------------------

ENVIRONMENTS = {
    "responses": "from fastapi.templating import Jinja2Templates\n"
    "templates = Jinja2Templates(directory='templates')\n",
    "responses of Starlette": "from starlette.templating import Jinja2Templates\n"
    "templates = Jinja2Templates('templates')\n",
    "responses of an environment": "from fastapi.templating import Jinja2Templates\n"
    "from jinja2 import ChoiceLoader, DictLoader, Environment, PackageLoader\n"
    "loader = ChoiceLoader([DictLoader({}), PackageLoader('app')])\n"
    "templates = Jinja2Templates(env=Environment(loader=loader))\n",
    "several folders": "from fastapi.templating import Jinja2Templates\n"
    "templates = Jinja2Templates(directory=['other', '../app/templates'])\n",
    "a subclass": "from fastapi.templating import Jinja2Templates\nclass Pages(Jinja2Templates):\n    pass\n"
    "templates = Pages(directory='app/templates')\n",
}
CALLS = {
    "request first": "templates.TemplateResponse(request, 'page.html', {'post': post})",
    "name first": "templates.TemplateResponse('page.html', {'request': request, 'post': post})",
    "keywords": "templates.TemplateResponse(name='page.html', request=request, context={'post': post})",
    "name by keyword": "templates.TemplateResponse(request, name='page.html', context=dict(post=post))",
    "context by keyword": "templates.TemplateResponse('page.html', context={**common, 'post': post})",
    "a name in a variable": "templates.TemplateResponse(request, name, {'post': post}, status_code=200)",
    "one of two names": "templates.TemplateResponse(request, name if common else 'no.html', {'post': post})",
    "one of two contexts": "templates.TemplateResponse(request, name, {'post': post} if common else None)",
    "get_template": "templates.get_template('page.html').render(post=post)",
    "of the environment": "templates.env.get_template('page.html').render({'post': post})",
    "select_template": "templates.env.select_template(['no.html', 'page.html']).render(post=post)",
    "a context and keywords": "templates.get_template('page.html').render({'x': 1}, post=post)",
    "async": "await templates.get_template('page.html').render_async(post=post)",
    "a stream": "templates.get_template('page.html').stream(post=post)",
    "a wrapper": "page(request, 'page.html', post=post)",
    "a wrapper of a dict": "page_of(request, {'post': post})",
    "an async wrapper": "await rendered('page.html', {'post': post})",
    "unknown names": "templates.TemplateResponse(request, 'page.html', {'post': post, **request.state.x})",
}
ROUTES = """
from fastapi import Depends, FastAPI, Request
from sqlalchemy.ext.asyncio import AsyncSession
from models import Post, get_session

app = FastAPI()
common = {"site": 1}

def page(request, name, **context):
    return templates.TemplateResponse(request, name, context)

def page_of(request: Request, context: dict):
    return page(request, "page.html", **context)

async def rendered(name: str, context: dict[str, object]):
    template = templates.get_template(name)
    return template.render(context)

@app.get("/")
async def show(request: Request, session: AsyncSession = Depends(get_session)):
    name = "page.html"
    post = await session.get_one(Post, 1)
    return CALL  # AFA304
"""


@pytest.mark.parametrize(("environment", "call"), [
    (environment, call) for environment in ENVIRONMENTS for call in CALLS
    if environment != "a subclass" or ".env." not in CALLS[call]
])  # fmt: skip
def test_every_way_to_render(environment: str, call: str) -> None:
    text = ENVIRONMENTS[environment] + ROUTES.replace("CALL", CALLS[call])
    checked = Program({
        "app/__init__.py": "", "models.py": MODELS, "app/main.py": text,
        "app/templates/page.html": "{{ post.author }}",
    })  # fmt: skip
    assert checked.findings() == checked.marks()


NOT_KNOWN = {
    "a name that is computed": "templates.TemplateResponse(request, f'{name}', {'post': post})",
    "a name of the request": "templates.TemplateResponse(request, request.query_params['n'], {'post': post})",
    "no such template": "templates.TemplateResponse(request, 'none.html', {'post': post})",
    "does not parse": "templates.TemplateResponse(request, 'broken.html', {'post': post})",
    "includes what does not parse": "templates.TemplateResponse(request, 'includes.html', {'post': post})",
    "extends what is missing": "templates.TemplateResponse(request, 'extends.html', {'post': post})",
    "a text": "templates.env.from_string('page.html').render(post=post)",
    "a context that is computed": "templates.TemplateResponse(request, 'page.html', request.state.post)",
    "arguments that are not known": "templates.TemplateResponse(*request.state.args)",
    "nothing": "templates.TemplateResponse()",
    "no context": "templates.TemplateResponse(request, 'page.html')",
    "no name": "templates.TemplateResponse(request=request)",
    "a number": "templates.TemplateResponse(1, 2, 3)",
    "no template": "templates.get_template().render(post=post)",
    "a list": "templates.env.select_template([name, 'no.html']).render(post)",
}


@pytest.mark.parametrize("title", NOT_KNOWN)
def test_what_is_not_known_is_silent(title: str) -> None:
    environment = "from fastapi.templating import Jinja2Templates\ntemplates = Jinja2Templates('templates')\n"
    routes = ROUTES.replace('name = "page.html"', "name = request.state.name").replace("  # AFA304", "")
    checked = Program({
        "models.py": MODELS, "main.py": environment + routes.replace("CALL", NOT_KNOWN[title]),
        "templates/page.html": "{{ post.author }}",
        "templates/broken.html": "{{ post.author }}{% for %}",
        "templates/includes.html": "{% include 'broken.html' %}{% import 'broken.html' as b %}{{ b.c() }}",
        "templates/extends.html": "{% extends 'none.html' %}{% block b %}{{ post.author }}{% endblock %}",
    })  # fmt: skip
    assert codes(checked) == set()


CONDITIONS = {
    "a dict": "env.get_template('page.html').render({'post': post, 'all': full})",
    "keywords": "env.get_template('page.html').render(post=post, all=full)",
    "a dict of keywords": "env.get_template('page.html').render(dict(post=post, all=full))",
    "a variable": "env.get_template('page.html').render(context)",
}


@pytest.mark.parametrize("title", CONDITIONS)
def test_a_condition_of_the_path_holds_in_the_template(title: str) -> None:
    call = CONDITIONS[title]
    before = (
        "    options = [selectinload(Post.author)] if full else []\n"
        "    post = await session.get_one(Post, 1, options=options)\n"
        f"    context = {{'post': post, 'full': full}}\n    return {call}\n"
    )
    head = MAIN.partition("async def show")[0]
    text = f"{head}async def show(session: AsyncSession, full: bool):\n{before}"
    page = "{% if full %}{{ post.author }}{% endif %}{% if all %}{{ post.author }}{% endif %}"
    assert codes(Program({"models.py": MODELS, "main.py": text, "templates/page.html": page})) == set()


# --- circles and great numbers --------------------------------------------------------------

CIRCLES: dict[str, Templates] = {
    "extends itself": {"page.html": "{% extends 'page.html' %}{% block b %}{{ super() }}{% endblock %}"},
    "extend each other": {
        "page.html": "{% extends 'a.html' %}",
        "a.html": "{% extends 'page.html' %}{% set x = 1 %}",
    },
    "extends one of itself": {"page.html": "{% extends 'page.html' if x else y %}"},
    "includes itself": {"page.html": "{% include 'page.html' %}" * 5},
    "include each other": {
        "page.html": "{% include 'a.html' %}" * 5,
        "a.html": "{% for x in posts %}{% include 'page.html' %}{% include 'b.html' %}{% endfor %}",
        "b.html": "{% include 'a.html' %}{% include 'page.html' %}" * 3,
    },
    "imports itself": {"page.html": "{% import 'page.html' as m %}{{ m.m.m.m }}"},
    "import each other with context": {
        "page.html": "{% import 'a.html' as a with context %}" * 3,
        "a.html": "{% import 'page.html' as a with context %}" * 3,
    },
    "macros of each other": {
        "page.html": "{% macro a(x) %}{{ b(x) }}{{ b(a) }}{{ a(b) }}{% endmacro %}"
        "{% macro b(x) %}{{ a(x) }}{{ x(b) }}{{ x(x) }}{% endmacro %}{{ a(b) }}{{ b(a) }}"
    },
    "macros that grow": {
        "page.html": "{% macro m(x) %}{{ m([x, x]) }}{{ m({'a': x}) }}{% endmacro %}{{ m(1) }}"
    },
    "blocks of each other": {
        "page.html": "{% block a %}{{ self.b() }}{{ self.a() }}{% endblock %}"
        "{% block b %}{{ self.a() }}{{ self.b() }}{% endblock %}"
    },
    "blocks above themselves": {
        "page.html": "{% extends 'a.html' %}{% block b %}{{ super() }}{{ self.b() }}{% endblock %}",
        "a.html": "{% block b %}{{ self.b() }}{{ super() }}{{ super.super() }}{% endblock %}",
    },
    "a macro by another name": {"page.html": "{% macro m(x) %}{{ x(x) }}{% endmacro %}{{ m(m) }}"},
    "a caller in itself": {
        "page.html": "{% macro m() %}{% call m() %}{{ m() }}{% endcall %}{{ caller() }}{% endmacro %}"
        "{{ m() }}"
    },
}
GREAT: dict[str, Templates] = {
    "many conditions": {
        "page.html": "".join(f"{{% if a{i} %}}{{{{ b{i} }}}}{{% endif %}}" for i in range(400))
    },
    "nested loops": {
        "page.html": "".join(f"{{% for a{i} in posts %}}" for i in range(9)) + "{% endfor %}" * 9
    },
    "a tree of macros": {
        "page.html": "".join(
            f"{{% macro m{i}(p) %}}{f'{{{{ m{i + 1}(p) }}}}' * 4}{{% endmacro %}}" for i in range(12)
        ) + "{{ m0(post) }}"
    },
    "a tree of includes": {
        **{f"p{i}.html": f"{{% include 'p{i + 1}.html' %}}" * 4 for i in range(12)},
        "page.html": "{% include 'p0.html' %}",
    },
    "a long chain of parents": {
        **{f"p{i}.html": f"{{% extends 'p{i + 1}.html' %}}" for i in range(150)},
        "page.html": "{% extends 'p0.html' %}",
    },
    "many macros": {
        "m.html": "".join(f"{{% macro m{i}(p) %}}{{{{ p.title }}}}{{% endmacro %}}" for i in range(300)),
        "page.html": "{% import 'm.html' as m %}" + "".join(f"{{{{ m.m{i}(post) }}}}" for i in range(300)),
    },
}  # fmt: skip


@pytest.mark.parametrize("title", [*CIRCLES, *GREAT])
def test_circles_and_great_numbers_come_to_an_end(title: str, caplog: pytest.LogCaptureFixture) -> None:
    started = time.process_time()
    assert codes(program(CIRCLES.get(title) or GREAT[title])) == set()
    assert time.process_time() - started < 10
    assert not caplog.records


@pytest.mark.parametrize("title", [
    title for title, templates in CIRCLES.items() if "{% extends" not in templates["page.html"]
])  # fmt: skip
def test_a_circle_hides_nothing_that_comes_before_or_after_it(title: str) -> None:
    page = CIRCLES[title]["page.html"]
    for around in ("{{ post.author }}" + page, page + "{{ post.author }}"):
        templates = {**CIRCLES[title], "page.html": around}
        assert codes(program(templates)) == {("main.py", LINE, "AFA304")}


def test_one_missing_attribute_is_reported_once_for_a_call() -> None:
    page = "{{ post.author }}{% if full %}{{ post.author }}{% endif %}{% include 'part.html' %}"
    page += "{{ post.byline }}"
    checked = program({"page.html": page, "part.html": "{{ post.author }}{{ post.author }}"})
    found = analysis_of(checked.files).findings("main.py")
    assert [(finding.line, finding.code) for finding in found] == [(LINE, "AFA304")]


def test_a_long_template_leaves_room_for_the_rest_of_the_function() -> None:
    call = f"{CALL.removeprefix('return ')}\n    show(session)"
    checked = program(GREAT["a tree of macros"], call)
    assert codes(checked) == {("main.py", LINE + 1, "AFA105")}
