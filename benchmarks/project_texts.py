"""The texts of which `projects.py` makes a project: plain code, with `$` before what differs.

`$Item`, `$item` and `$items` are the names of an entity, `$Parent`, `$parent` and `$parents` those
of the one it belongs to, `$area` is the package.  Most parts come in a right form and in one with a
bug.  The line that must be reported ends in the code of its rule.
"""

from __future__ import annotations

from typing import Final

SHARED: Final = {
    "app/__init__.py": "",
    "app/config.py": """\
from functools import lru_cache

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    database_url: str = "postgresql+asyncpg://localhost/app"
    webhook_url: str = "https://hooks.example.org"


@lru_cache
def get_settings() -> Settings:
    return Settings()
""",
    "app/database.py": """\
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from app.config import get_settings

engine = create_async_engine(get_settings().database_url)
SessionLocal = async_sessionmaker(engine, expire_on_commit=False)


class Base(DeclarativeBase):
    pass


async def get_session() -> AsyncIterator[AsyncSession]:
    async with SessionLocal() as session:
        yield session


SessionDep = Annotated[AsyncSession, Depends(get_session)]
""",
    "app/repository.py": """\
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

ModelT = TypeVar("ModelT")


class BaseRepository(Generic[ModelT]):
    model: type[ModelT]

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    @classmethod
    def from_session(cls, session: AsyncSession) -> "BaseRepository[ModelT]":
        return cls(session)

    def get_eager_options(self) -> Sequence[Any]:
        return ()

    async def get_by_id(self, id: int, options: Sequence[Any] = ()) -> ModelT | None:
        statement = select(self.model).where(self.model.id == id).options(*options)
        return (await self.session.execute(statement)).unique().scalar_one_or_none()

    async def list_all(self, limit: int = 100, offset: int = 0) -> Sequence[ModelT]:
        statement = select(self.model).options(*self.get_eager_options()).limit(limit).offset(offset)
        return (await self.session.execute(statement)).scalars().unique().all()

    async def count_all(self) -> int:
        return (await self.session.execute(select(func.count()).select_from(self.model))).scalar_one()

    async def create(self, instance: ModelT, *, flush: bool = True) -> ModelT:
        self.session.add(instance)
        if flush:
            await self.session.flush()
        return instance

    async def update(self, instance: ModelT, values: dict[str, Any]) -> ModelT:
        for name, value in values.items():
            setattr(instance, name, value)
        self.session.add(instance)
        await self.session.flush()
        await self.session.refresh(instance)
        return instance
""",
    "app/schemas.py": """\
from pydantic import BaseModel, ConfigDict


class OrmModel(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class UserRead(OrmModel):
    id: int
    name: str
""",
    "app/users.py": """\
from typing import Annotated

from fastapi import Depends, Header, HTTPException
from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from app.database import Base, SessionDep


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    token: Mapped[str] = mapped_column(String(64), unique=True)


async def get_current_user(session: SessionDep, authorization: Annotated[str, Header()]) -> User:
    statement = select(User).where(User.token == authorization)
    user = (await session.execute(statement)).scalar_one_or_none()
    if user is None:
        raise HTTPException(401)
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]
""",
    "app/notifications.py": """\
import logging

import httpx

from app.config import get_settings

logger = logging.getLogger(__name__)


async def post_event(kind: str, payload: dict[str, object]) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.post(get_settings().webhook_url, json={"kind": kind, **payload})
        if response.status_code >= 400:
            logger.warning("event %s was refused: %s", kind, response.text)
""",
    "app/templating.py": """\
from fastapi.templating import Jinja2Templates

templates = Jinja2Templates(directory="app/templates")
""",
    "app/templates/base.html": """\
<html>
<head><title>{% block title %}{% endblock %}</title></head>
<body>{% block content %}{% endblock %}</body>
</html>
""",
}
"""What each project has once."""

MODELS: Final = """\
from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.database import Base
from app.users import User
"""

MODEL: Final = """

class $Item(Base):
    __tablename__ = "$items"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(20), default="open")
    description: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
$parent_column
    owner: Mapped[User] = relationship()
    notes: Mapped[list["${Item}Note"]] = relationship(
        back_populates="$item", cascade="all, delete-orphan"
    )
    labels: Mapped[list["${Item}Label"]] = relationship(lazy="selectin")
$relationships
    @property
    def title(self) -> str:
        return f"{self.name} ({self.status})"

    @property
    def byline(self) -> str:
        return f"{self.name}, by {self.owner.name}"

    def is_open(self) -> bool:
        return self.status == "open"


class ${Item}Note(Base):
    __tablename__ = "${item}_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    ${item}_id: Mapped[int] = mapped_column(ForeignKey("$items.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))

    $item: Mapped["$Item"] = relationship(back_populates="notes")
    author: Mapped[User] = relationship()


class ${Item}Label(Base):
    __tablename__ = "${item}_labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    ${item}_id: Mapped[int] = mapped_column(ForeignKey("$items.id", ondelete="CASCADE"))
"""

PARENT_COLUMN: Final = """\
    ${parent}_id: Mapped[int] = mapped_column(ForeignKey("$parents.id", ondelete="CASCADE"))
"""
PARENT_RELATIONSHIP: Final = """\
    $parent: Mapped["$Parent"] = relationship(back_populates="$items")
"""
CHILD_RELATIONSHIP: Final = """\
    $items: Mapped[list["$Item"]] = relationship(back_populates="$parent")
"""

SCHEMAS: Final = """\
from datetime import datetime

from pydantic import BaseModel, Field

from app.schemas import OrmModel, UserRead


class ${Item}Create(BaseModel):
    name: str = Field(min_length=1, max_length=200)
    description: str | None = None
    amount: int = 0


class ${Item}Update(BaseModel):
    name: str | None = None
    status: str | None = None


class ${Item}LabelRead(OrmModel):
    id: int
    name: str


class ${Item}NoteRead(OrmModel):
    id: int
    text: str


class ${Item}Read(OrmModel):
    id: int
    name: str
    status: str
    created_at: datetime
    labels: list[${Item}LabelRead]


class ${Item}Detail(${Item}Read):
    description: str | None
    owner: UserRead
    notes: list[${Item}NoteRead]


class ${Item}Summary(BaseModel):
    id: int
    title: str
    owner: str
"""

REPOSITORY: Final = """\
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import joinedload, selectinload

from app.$area.models import $Item, ${Item}Note
from app.repository import BaseRepository


class ${Item}Repository(BaseRepository[$Item]):
    model = $Item

    def get_eager_options(self) -> Sequence[Any]:
        return (joinedload($Item.owner), selectinload($Item.notes))
"""

REPOSITORY_PARTS: Final = (
    """
    async def get_with_notes(self, ${item}_id: int) -> $Item | None:
        statement = (
            select($Item)
            .where($Item.id == ${item}_id)
            .options(joinedload($Item.owner), selectinload($Item.notes).joinedload(${Item}Note.author))
        )
        return (await self.session.execute(statement)).scalar_one_or_none()

    async def get_plain(self, ${item}_id: int) -> $Item | None:
        return await self.session.get($Item, ${item}_id)

    async def list_recent(self, owner_id: int, limit: int = 20) -> Sequence[$Item]:
        statement = (
            select($Item)
            .where($Item.owner_id == owner_id, $Item.status != "deleted")
            .options(selectinload($Item.owner))
            .order_by($Item.created_at.desc())
            .limit(limit)
        )
        return (await self.session.execute(statement)).scalars().all()

    async def search(self, text: str, *, load_notes: bool = False) -> Sequence[$Item]:
        statement = select($Item).where($Item.name.contains(text))
        if load_notes:
            statement = statement.options(selectinload($Item.notes))
        return (await self.session.scalars(statement)).all()
""",
    """
    async def list_by_status(self, status: str, options: Sequence[Any] = ()) -> Sequence[$Item]:
        statement = select($Item).where($Item.status == status).options(*options)
        return (await self.session.scalars(statement)).all()
""",
    """
    async def count_by_status(self, status: str) -> int:
        statement = select(func.count($Item.id)).where($Item.status == status)
        return (await self.session.execute(statement)).scalar_one()
""",
    """
    async def find_by_name(self, name: str) -> $Item | None:
        result = await self.session.execute(select($Item).where($Item.name == name))
        return result.scalars().first()
""",
    """
    async def names_and_amounts(self) -> list[dict[str, Any]]:
        statement = select($Item.name, func.sum($Item.amount)).group_by($Item.name)
        rows = (await self.session.execute(statement)).all()
        return [{"name": name, "amount": amount} for name, amount in rows]
""",
)
REPOSITORY_CHOICES: Final = (
    (
        """
    async def list_with_notes(self) -> Sequence[$Item]:
        result = await self.session.execute(select($Item).options(joinedload($Item.notes)))
        return result.scalars().unique().all()
""",
        """
    async def list_with_notes(self) -> Sequence[$Item]:
        result = await self.session.execute(select($Item).options(joinedload($Item.notes)))
        return result.scalars().all()  # AFA309
""",
    ),
    (
        """
    async def close_all(self, owner_id: int) -> None:
        statement = update($Item).where($Item.owner_id == owner_id).values(status="closed")
        await self.session.execute(statement)
        await self.session.commit()
""",
        """
    async def close_all(self, owner_id: int) -> None:
        statement = update($Item).where($Item.owner_id == owner_id).values(status="closed")
        await self.session.execute(statement)
        self.session.commit()  # AFA101
""",
    ),
    (
        """
    async def remove(self, ${item}_id: int) -> None:
        await self.session.execute(delete(${Item}Note).where(${Item}Note.${item}_id == ${item}_id))
        await self.session.execute(delete($Item).where($Item.id == ${item}_id))
        await self.session.commit()
""",
        """
    async def remove(self, ${item}_id: int) -> None:
        self.session.execute(delete(${Item}Note).where(${Item}Note.${item}_id == ${item}_id))  # AFA101
        await self.session.execute(delete($Item).where($Item.id == ${item}_id))
        await self.session.commit()
""",
    ),
)

SERVICE: Final = """\
import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any

import requests
from fastapi import HTTPException
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.$area.models import $Item, ${Item}Note
from app.$area.repositories.$item import ${Item}Repository
from app.$area.schemas.$item import ${Item}Create, ${Item}Summary, ${Item}Update
from app.config import get_settings
from app.database import SessionLocal
from app.notifications import post_event

logger = logging.getLogger(__name__)


def to_summary($item: $Item) -> ${Item}Summary:
    return ${Item}Summary(id=$item.id, title=$item.title, owner=$item.owner.name)


def to_dict($item: $Item) -> dict[str, Any]:
    return {"id": $item.id, "name": $item.name, "status": $item.status}


class ${Item}Service:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.repository = ${Item}Repository(session)
"""

SERVICE_PARTS: Final = (
    """
    async def read(self, ${item}_id: int) -> $Item:
        $item = await self.repository.get_with_notes(${item}_id)
        if $item is None:
            raise HTTPException(404, "no such $item")
        return $item

    async def summaries(self, owner_id: int) -> list[${Item}Summary]:
        return [to_summary($item) for $item in await self.repository.list_recent(owner_id)]
""",
    """
    async def create(self, data: ${Item}Create, owner_id: int) -> $Item:
        $item = $Item(**data.model_dump(), owner_id=owner_id)
        self.session.add($item)
        try:
            await self.session.commit()
        except IntegrityError:
            await self.session.rollback()
            raise HTTPException(409, "there is one of this name") from None
        await self.session.refresh($item)
        return $item
""",
    """
    async def change(self, ${item}_id: int, data: ${Item}Update) -> $Item:
        $item = await self.repository.get_by_id(${item}_id)
        if $item is None:
            raise HTTPException(404)
        for name, value in data.model_dump(exclude_unset=True).items():
            setattr($item, name, value)
        await self.session.commit()
        await self.session.refresh($item)
        return $item
""",
    """
    async def add_note(self, ${item}_id: int, author_id: int, text: str) -> ${Item}Note:
        $item = await self.read(${item}_id)
        note = ${Item}Note(${item}_id=$item.id, author_id=author_id, text=text)
        self.session.add(note)
        await self.session.flush()
        await self.session.commit()
        return note
""",
    """
    async def export(self) -> list[dict[str, Any]]:
        rows = []
        for $item in await self.repository.list_all():
            row = to_dict($item)
            row["notes"] = [note.text for note in $item.notes]
            if $item.is_open():
                row["byline"] = $item.byline
            rows.append(row)
        return rows
""",
)
SERVICE_CHOICES: Final = (
    (
        """
    async def describe(self, ${item}_id: int) -> str:
        $item = await self.repository.get_with_notes(${item}_id)
        return "" if $item is None else $item.byline
""",
        """
    async def describe(self, ${item}_id: int) -> str:
        $item = await self.repository.get_plain(${item}_id)
        return "" if $item is None else $item.byline  # AFA301
""",
    ),
    (
        """
    async def note_texts(self, text: str) -> list[str]:
        $items = await self.repository.search(text, load_notes=True)
        return [note.text for $item in $items for note in $item.notes]
""",
        """
    async def note_texts(self, text: str) -> list[str]:
        $items = await self.repository.search(text)
        return [note.text for $item in $items for note in $item.notes]  # AFA301
""",
    ),
    (
        """
    async def announce(self, $item: $Item) -> None:
        await post_event("$item", to_dict($item))
""",
        """
    async def announce(self, $item: $Item) -> None:
        requests.post(get_settings().webhook_url, json=to_dict($item), timeout=5)  # AFA201
""",
    ),
    (
        """
    async def wait_until_closed(self, ${item}_id: int) -> None:
        for _ in range(10):
            if await self.repository.count_all() == 0:
                return
            await asyncio.sleep(0.5)
""",
        """
    async def wait_until_closed(self, ${item}_id: int) -> None:
        for _ in range(10):
            if await self.repository.count_all() == 0:
                return
            time.sleep(0.5)  # AFA203
""",
    ),
    (
        """
    async def totals(self) -> tuple[int, Sequence[$Item]]:
        return await self.repository.count_all(), await self.repository.list_all()
""",
        """
    async def totals(self) -> tuple[int, Sequence[$Item]]:
        return await asyncio.gather(self.repository.count_all(), self.repository.list_all())  # AFA501
""",
    ),
)
SERVICE_END: Final = """

async def archive_in_background(${item}_id: int) -> None:
    async with SessionLocal() as session:
        $item = await ${Item}Repository(session).get_with_notes(${item}_id)
        if $item is None:
            return
        $item.status = "archived"
        await session.commit()
        await post_event("$item.archived", {**to_dict($item), "notes": len($item.notes)})
"""

ROUTER: Final = """\
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from app.$area.models import $Item, ${Item}Note
from app.$area.repositories.$item import ${Item}Repository
from app.$area.schemas.$item import (
    ${Item}Create,
    ${Item}Detail,
    ${Item}NoteRead,
    ${Item}Read,
    ${Item}Summary,
    ${Item}Update,
)
from app.$area.services.$item import ${Item}Service, archive_in_background, to_dict
from app.database import SessionDep
from app.templating import templates
from app.users import CurrentUser

router = APIRouter(prefix="/$items", tags=["$items"])


def get_repository(session: SessionDep) -> ${Item}Repository:
    return ${Item}Repository(session)


async def get_service(session: SessionDep) -> ${Item}Service:
    return ${Item}Service(session)


RepositoryDep = Annotated[${Item}Repository, Depends(get_repository)]
ServiceDep = Annotated[${Item}Service, Depends(get_service)]


async def get_existing(${item}_id: int, service: ServiceDep) -> $Item:
    return await service.read(${item}_id)


Existing = Annotated[$Item, Depends(get_existing)]
"""

ROUTER_PARTS: Final = (
    """

@router.get("/", response_model=list[${Item}Summary])
async def list_$items(user: CurrentUser, service: ServiceDep) -> list[${Item}Summary]:
    return await service.summaries(user.id)


@router.post("/", response_model=${Item}Read, status_code=201)
async def create_$item(
    data: ${Item}Create, user: CurrentUser, service: ServiceDep, background: BackgroundTasks
) -> $Item:
    $item = await service.create(data, user.id)
    background.add_task(archive_in_background, $item.id)
    return $item
""",
    """

@router.patch("/{${item}_id}")
async def change_$item(${item}_id: int, data: ${Item}Update, service: ServiceDep) -> dict[str, Any]:
    return to_dict(await service.change(${item}_id, data))
""",
    """

@router.post("/{${item}_id}/notes", response_model=${Item}NoteRead)
async def add_note(${item}_id: int, text: str, user: CurrentUser, service: ServiceDep) -> ${Item}Note:
    return await service.add_note(${item}_id, user.id, text)
""",
    """

@router.get("/export")
async def export_$items(service: ServiceDep) -> list[dict[str, Any]]:
    return await service.export()
""",
    """

@router.get("/by-status/{status}", response_model=list[${Item}Read])
async def list_by_status(status: str, session: SessionDep) -> Sequence[$Item]:
    statement = select($Item).where($Item.status == status).order_by($Item.id)
    return (await session.execute(statement)).scalars().all()
""",
    """

@router.get("/{${item}_id}/page")
async def show_$item($item: Existing, request: Request) -> Response:
    return templates.TemplateResponse(request, "$area/$item.html", {"$item": $item})
""",
)
ROUTER_CHOICES: Final = (
    (
        """

@router.get("/{${item}_id}", response_model=${Item}Detail)
async def read_$item(${item}_id: int, service: ServiceDep) -> $Item:
    return await service.read(${item}_id)
""",
        """

@router.get("/{${item}_id}", response_model=${Item}Detail)
async def read_$item(${item}_id: int, repository: RepositoryDep) -> $Item:
    $item = await repository.get_plain(${item}_id)
    if $item is None:
        raise HTTPException(404)
    return $item  # AFA303
""",
    ),
    (
        """

@router.delete("/{${item}_id}", status_code=204)
async def remove_$item(${item}_id: int, repository: RepositoryDep) -> None:
    await repository.remove(${item}_id)
""",
        """

@router.delete("/{${item}_id}", status_code=204)
async def remove_$item(${item}_id: int, repository: RepositoryDep) -> None:
    repository.remove(${item}_id)  # AFA105
""",
    ),
    (
        """

@router.get("/{${item}_id}/full")
async def read_full(${item}_id: int, session: SessionDep) -> ${Item}Detail:
    options = [selectinload($Item.notes), selectinload($Item.owner)]
    $item = await session.get_one($Item, ${item}_id, options=options)
    return ${Item}Detail.model_validate($item)
""",
        """

@router.get("/{${item}_id}/full")
async def read_full(${item}_id: int, session: SessionDep) -> ${Item}Detail:
    $item = await session.get_one($Item, ${item}_id)
    return ${Item}Detail.model_validate($item)  # AFA303
""",
    ),
    (
        """

@router.get("/{${item}_id}/card")
async def show_card(${item}_id: int, request: Request, service: ServiceDep) -> Response:
    context = {"$item": await service.read(${item}_id), "is_card": True}
    return templates.TemplateResponse(request, "$area/$item.html", context)
""",
        """

@router.get("/{${item}_id}/card")
async def show_card(${item}_id: int, request: Request, repository: RepositoryDep) -> Response:
    context = {"$item": await repository.get_plain(${item}_id), "is_card": True}
    return templates.TemplateResponse(request, "$area/$item.html", context)  # AFA304
""",
    ),
)
PARENT_ROUTE: Final = """

@router.get("/{${item}_id}/$parent")
async def read_$parent(${item}_id: int, session: SessionDep) -> dict[str, Any]:
    statement = select($Item).where($Item.id == ${item}_id).options(selectinload($Item.$parent))
    $item = (await session.execute(statement)).scalar_one()
    return {"id": $item.$parent.id, "title": $item.$parent.title}
"""

TEMPLATE: Final = """\
{% extends "base.html" %}
{% block title %}{{ $item.title }}{% endblock %}
{% block content %}
  <h1>{{ $item.name }}</h1>
  <p>by {{ $item.owner.name }}</p>
  {% for note in $item.notes %}<p>{{ note.text }}</p>{% else %}<p>no notes</p>{% endfor %}
  <ul>{% for label in $item.labels %}<li>{{ label.name }}</li>{% endfor %}</ul>
{% endblock %}
"""
