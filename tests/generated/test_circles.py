"""Where eager strategies of the mapper lead back to a class on the way: which of them stop, run for real."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sqlalchemy import ForeignKey, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from flake8_async_fastapi.analysis import analysis_of

pytestmark = pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")
STRATEGIES = ("joined", "selectin", "subquery", "immediate")
PROGRAM = """
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase): ...


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    prices: Mapped[list["Price"]] = relationship(back_populates="product", lazy="{there}")


class Price(Base):
    __tablename__ = "prices"
    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    product: Mapped[Product] = relationship(back_populates="prices", lazy="{back}")


async def read(session: AsyncSession):
    price = (await session.scalars(select(Price))).unique().first()
    return price.product.prices
"""


@pytest.mark.parametrize("back", STRATEGIES)
@pytest.mark.parametrize("there", STRATEGIES)
def test_where_strategies_stop(back: str, there: str) -> None:
    found = analysis_of({"main.py": PROGRAM.format(back=back, there=there)}).findings("main.py")
    assert [finding.code for finding in found] == (["AFA301"] if fails(back, there) else [])


def fails(back: str, there: str) -> bool:
    """Whether reading the other way round does I/O."""

    class Base(DeclarativeBase): ...

    class Product(Base):
        __tablename__ = "products"
        id: Mapped[int] = mapped_column(primary_key=True)
        prices: Mapped[list[Any]] = relationship("Price", back_populates="product", lazy=there)

    class Price(Base):
        __tablename__ = "prices"
        id: Mapped[int] = mapped_column(primary_key=True)
        product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
        product: Mapped[Any] = relationship("Product", back_populates="prices", lazy=back)

    async def run() -> bool:
        engine = create_async_engine("sqlite+aiosqlite://")
        sessions = async_sessionmaker(engine)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with sessions() as session:
            session.add(Product(prices=[Price(), Price()]))
            await session.commit()
        try:
            async with sessions() as session:
                price = (await session.scalars(select(Price))).unique().first()
                assert price is not None
                return not price.product.prices
        except SQLAlchemyError:
            return True
        finally:
            await engine.dispose()

    return asyncio.run(run())
