"""What Pydantic reads of an object that it validates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from behaviour_models import Post
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, field_validator
from sqlalchemy.ext.asyncio import AsyncSession

pytestmark = pytest.mark.anyio


class Columns(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    title: str


class AuthorOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    name: str


class Full(Columns):
    author: AuthorOut | None = None


class Strict(BaseModel):
    id: int
    author: Any = None


class Checked(Columns):
    author: str | None = None

    @field_validator("author", mode="before")
    @classmethod
    def name_of(cls, value: Any) -> str:
        return "replaced"


READS: dict[str, Callable[[Any], Any]] = {
    "model_validate": Full.model_validate,
    "from_attributes=": lambda post: Strict.model_validate(post, from_attributes=True),
    "TypeAdapter": lambda post: TypeAdapter(list[Full]).validate_python([post]),
    "validator before": Checked.model_validate,
}


@pytest.mark.parametrize("validate", list(READS.values()), ids=list(READS))
async def test_validation_reads_each_field(session: AsyncSession, validate: Callable[[Any], Any]) -> None:
    post = await session.get_one(Post, 1)
    with pytest.raises(ValidationError, match="MissingGreenlet"):
        validate(post)


async def test_validation_reads_no_other_attribute(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    assert Columns.model_validate(post) == Columns(id=1, title="first")


async def test_validation_without_from_attributes(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    with pytest.raises(ValidationError) as caught:
        Strict.model_validate(post)
    assert "MissingGreenlet" not in str(caught.value)


async def test_building_from_loaded_values_reads_nothing(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    assert Full(**vars(post)).author is None
    assert Full.model_construct(id=1, title="first").author is None
