from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Response, status
from sqlalchemy import func, select

from app.database import SessionLocal
from app.dependencies import CurrentUser, SessionDep
from app.models import Tag
from app.repositories.tags import TagRepository
from app.schemas import TagNames, TagRead

router = APIRouter(prefix="/api/tags", tags=["tags"])


@router.get("", response_model=list[TagRead])
async def list_tags(session: SessionDep) -> Sequence[Tag]:
    return await TagRepository(session).list_all()


@router.post("", response_model=TagRead, status_code=status.HTTP_201_CREATED)
async def create_tag(name: str, user: CurrentUser, session: SessionDep) -> Tag:
    tag = Tag(name=name)
    session.add(tag)
    await session.commit()
    return tag


@router.post("/bulk", response_model=list[TagRead], status_code=status.HTTP_201_CREATED)
async def create_tags(data: TagNames, user: CurrentUser, session: SessionDep) -> list[Tag]:
    repository = TagRepository(session)
    # One after the other: a session does one thing at a time.
    tags = [await repository.create(name) for name in data.names]
    await session.commit()
    return tags


@router.get("/names")
async def tag_names(session: SessionDep) -> list[str]:
    return [tag.name for tag in await TagRepository(session).list_all()]


@router.get("/count")
async def count_tags(session: SessionDep) -> int:
    return await session.scalar(select(func.count(Tag.id))) or 0


@router.delete("/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_tag(name: str, user: CurrentUser) -> Response:
    async with SessionLocal() as session:
        tags = await TagRepository(session).list_all()
        found = next((tag for tag in tags if tag.name == name), None)
        if found is None:
            raise HTTPException(status.HTTP_404_NOT_FOUND, "no such tag")
        await session.delete(found)
        await session.commit()
    return Response(status_code=status.HTTP_204_NO_CONTENT)
