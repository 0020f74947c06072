"""What SQLModel adds: tables that are Pydantic models, and a session with `exec`."""

from datetime import datetime

import pytest
from behaviour_models import database, needs_io
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy import DateTime
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel import Field, Relationship, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

pytestmark = pytest.mark.anyio


class Squad(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    players: list["Player"] = Relationship(back_populates="squad")


class Player(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str
    squad_id: int | None = Field(default=None, foreign_key="squad.id")
    squad: Squad | None = Relationship(back_populates="players")


def rows() -> list[SQLModel]:
    return [Squad(id=1), Player(id=1, name="h", squad_id=1)]


async def test_relationships_are_no_fields() -> None:
    assert sorted(Player.model_fields) == ["id", "name", "squad_id"]
    async with database(rows(), model=SQLModel) as factory, factory() as session:
        player = await session.get_one(Player, 1)
        app = FastAPI()
        app.get("/", response_model=Player)(lambda: player)
        async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
            assert (await client.get("/")).json() == {"id": 1, "name": "h", "squad_id": 1}
        with needs_io():
            print(player.squad)


async def test_expired_object_dumps_nothing() -> None:
    async with database(rows(), model=SQLModel, expire_on_commit=True) as factory, factory() as session:
        player = await session.get_one(Player, 1)
        await session.commit()
        assert player.model_dump() == {}


async def test_exec_takes_the_scalars_of_one_entity() -> None:
    async with database(rows(), model=SQLModel) as factory:
        engine = factory.kw["bind"]
        assert isinstance(engine, AsyncEngine)
        async with AsyncSession(engine) as session:
            assert isinstance((await session.exec(select(Player))).one(), Player)
            player, squad = (await session.exec(select(Player, Squad).join(Squad))).one()
            assert isinstance(player, Player) and player.squad is squad


def test_datetime_makes_a_column_with_a_time_zone() -> None:
    class Match(SQLModel, table=True):
        id: int | None = Field(default=None, primary_key=True)
        begins: datetime
        ends: datetime = Field(sa_type=DateTime)

    columns = SQLModel.metadata.tables["match"].c
    assert [getattr(columns[name].type, "timezone", None) for name in ("begins", "ends")] == [True, False]
