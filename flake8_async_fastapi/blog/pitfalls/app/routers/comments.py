from collections.abc import Sequence

from fastapi import APIRouter, Depends, HTTPException, status
from sqlalchemy import func, select

from app.database import get_db
from app.dependencies import AccountServiceDep, CurrentUser, PostRepositoryDep, SessionDep, may_edit
from app.models import Comment
from app.schemas import CommentCreate, CommentRead

router = APIRouter(prefix="/api", tags=["comments"])


@router.get("/posts/{post_id}/comments", response_model=list[CommentRead])
async def list_comments(post_id: int, session: SessionDep) -> Sequence[Comment]:
    statement = select(Comment).where(Comment.post_id == post_id).order_by(Comment.id)
    return (await session.scalars(statement)).all()  # AFA303


@router.get("/posts/{post_id}/comments/count")
async def count_comments(post_id: int, session: SessionDep) -> str:
    return f"{session.scalar(select(func.count()).where(Comment.post_id == post_id))} comments"  # AFA101


@router.get("/posts/{post_id}/commenters")
async def list_commenters(post_id: int, repository: PostRepositoryDep) -> list[str]:
    post = await repository.get_with_comments(post_id)
    if post is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such post")
    return sorted({comment.author.username for comment in post.comments})  # AFA301


@router.post("/posts/{post_id}/comments", status_code=status.HTTP_201_CREATED)
async def add_comment(
    post_id: int, data: CommentCreate, user: CurrentUser, db=Depends(get_db)
) -> dict[str, int | str]:
    comment = Comment(post_id=post_id, author_id=user.id, text=data.text)
    db.add(comment)
    await db.commit()
    await db.refresh(comment)
    return {"id": comment.id, "post": comment.post.title}  # AFA302


@router.put("/comments/{comment_id}")
async def edit_comment(
    comment_id: int, data: CommentCreate, user: CurrentUser, accounts: AccountServiceDep, db=Depends(get_db)
) -> dict[str, str]:
    if accounts.is_blocked(user.id):  # AFA105
        raise HTTPException(status.HTTP_403_FORBIDDEN, "you are blocked")
    comment = await db.get(Comment, comment_id)
    if comment is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such comment")
    if not may_edit(user, comment.author_id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "not your comment")
    comment.text = data.text
    await db.commit()
    return {"text": comment.text, "author": user.username}


@router.delete("/comments/{comment_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_comment(comment_id: int, user: CurrentUser, db=Depends(get_db)) -> None:
    comment = await db.get(Comment, comment_id)
    if comment is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such comment")
    if not may_edit(user, comment.author_id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "not your comment")
    await db.delete(comment)
    db.commit()  # AFA101
