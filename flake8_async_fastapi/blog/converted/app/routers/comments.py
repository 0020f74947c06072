from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, status
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from app.dependencies import AccountServiceDep, CurrentUser, PostRepositoryDep, SessionDep, may_edit
from app.models import Comment
from app.schemas import CommentCreate, CommentRead

router = APIRouter(prefix="/api", tags=["comments"])


@router.get("/posts/{post_id}/comments", response_model=list[CommentRead])
async def list_comments(post_id: int, session: SessionDep) -> Sequence[Comment]:
    statement = (
        select(Comment)
        .where(Comment.post_id == post_id)
        .options(selectinload(Comment.author))
        .order_by(Comment.id)
    )
    return (await session.scalars(statement)).all()


@router.get("/posts/{post_id}/comments/count")
async def count_comments(post_id: int, session: SessionDep) -> str:
    return f"{await session.scalar(select(func.count()).where(Comment.post_id == post_id))} comments"


@router.get("/posts/{post_id}/commenters")
async def list_commenters(post_id: int, repository: PostRepositoryDep) -> list[str]:
    post = await repository.get_with_comments(post_id)
    if post is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such post")
    return sorted({comment.author.username for comment in post.comments})


@router.post("/posts/{post_id}/comments", status_code=status.HTTP_201_CREATED)
async def add_comment(
    post_id: int, data: CommentCreate, user: CurrentUser, session: SessionDep
) -> dict[str, int | str]:
    comment = Comment(post_id=post_id, author=user, text=data.text)
    session.add(comment)
    await session.commit()
    # What a new object has not been given, refresh() loads by name.
    await session.refresh(comment, attribute_names=["post"])
    return {"id": comment.id, "post": comment.post.title}


@router.put("/comments/{comment_id}")
async def edit_comment(
    comment_id: int, data: CommentCreate, user: CurrentUser, session: SessionDep, accounts: AccountServiceDep
) -> dict[str, str]:
    if await accounts.is_blocked(user.id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "you are blocked")
    comment = await session.get(Comment, comment_id, options=[selectinload(Comment.author)])
    if comment is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such comment")
    if not may_edit(user, comment.author_id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "not your comment")
    comment.text = data.text
    await session.commit()
    return {"text": comment.text, "author": comment.author.username}


@router.delete("/comments/{comment_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_comment(comment_id: int, user: CurrentUser, session: SessionDep) -> None:
    comment = await session.get(Comment, comment_id)
    if comment is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such comment")
    if not may_edit(user, comment.author_id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "not your comment")
    await session.delete(comment)
    await session.commit()
