import asyncio
from collections.abc import Sequence

from fastapi import APIRouter, Depends, HTTPException, Response, status
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.database import SessionLocal, open_session
from app.dependencies import CurrentUser, SessionDep
from app.models import Tag
from app.repositories.tags import TagRepository
from app.schemas import TagNames, TagRead

router = APIRouter(prefix="/api/tags", tags=["tags"])


@router.get("", response_model=list[TagRead])
async def list_tags(session: AsyncSession = Depends(open_session)) -> Sequence[Tag]:
    return await TagRepository(session).list_all()


@router.post("", response_model=TagRead, status_code=status.HTTP_201_CREATED)
async def create_tag(name: str, user: CurrentUser, session: SessionDep) -> Tag:
    tag = Tag(name=name)
    await session.add(tag)  # AFA102
    await session.commit()
    return tag


@router.post("/bulk", response_model=list[TagRead], status_code=status.HTTP_201_CREATED)
async def create_tags(data: TagNames, user: CurrentUser, session: SessionDep) -> list[Tag]:
    repository = TagRepository(session)
    tags = await asyncio.gather(*(repository.create(name) for name in data.names))  # AFA501
    await session.commit()
    return tags


@router.get("/names")
async def tag_names(session: SessionDep) -> list[str]:
    result = await session.execute(select(Tag.name).order_by(Tag.name))
    return await result.scalars().all()  # AFA102


@router.get("/count")
async def count_tags(session: SessionDep) -> int:
    return session.scalar(select(func.count(Tag.id)))  # AFA101


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_tag(name: str, user: CurrentUser) -> Response:
    with SessionLocal() as session:  # AFA104
        tags = await TagRepository(session).list_all()
        found = next((tag for tag in tags if tag.name == name), None)
        if found is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
        await session.delete(found)
        await session.commit()
    return Response(status_code=status.HTTP_204_NO_CONTENT)
