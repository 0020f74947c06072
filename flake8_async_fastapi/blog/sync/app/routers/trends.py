"""What is read most, switched on with the experiments."""

from fastapi import APIRouter
from sqlalchemy import func, select

from app.dependencies import SessionDep
from app.models import PageView

router = APIRouter(prefix="/api/trends", tags=["trends"])


@router.get("/views")
def count_views(session: SessionDep) -> int:
    return session.scalar(select(func.count(PageView.id))) or 0
