"""What is read most; it was to come with the experiments."""

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.models import PageView

router = APIRouter(prefix="/api/trends", tags=["trends"])


@router.get("/views")
async def count_views(session: AsyncSession) -> int:  # AFA416
    return await session.scalar(select(func.count(PageView.id))) or 0
