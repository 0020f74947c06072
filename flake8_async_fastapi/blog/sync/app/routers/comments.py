from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, status
from sqlalchemy import func, select

from app.dependencies import AccountServiceDep, CurrentUser, PostRepositoryDep, SessionDep, may_edit
from app.models import Comment
from app.schemas import CommentCreate, CommentRead

router = APIRouter(prefix="/api", tags=["comments"])


@router.get("/posts/{post_id}/comments", response_model=list[CommentRead])
def list_comments(post_id: int, session: SessionDep) -> Sequence[Comment]:
    return session.query(Comment).filter(Comment.post_id == post_id).order_by(Comment.id).all()


@router.get("/posts/{post_id}/comments/count")
def count_comments(post_id: int, session: SessionDep) -> str:
    return f"{session.scalar(select(func.count()).where(Comment.post_id == post_id))} comments"


@router.get("/posts/{post_id}/commenters")
def list_commenters(post_id: int, repository: PostRepositoryDep) -> list[str]:
    post = repository.get_with_comments(post_id)
    if post is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such post")
    return sorted({comment.author.username for comment in post.comments})


@router.post("/posts/{post_id}/comments", status_code=status.HTTP_201_CREATED)
def add_comment(
    post_id: int, data: CommentCreate, user: CurrentUser, session: SessionDep
) -> dict[str, int | str]:
    comment = Comment(post_id=post_id, author=user, text=data.text)
    session.add(comment)
    session.commit()
    return {"id": comment.id, "post": comment.post.title}


@router.put("/comments/{comment_id}")
def edit_comment(
    comment_id: int, data: CommentCreate, user: CurrentUser, session: SessionDep, accounts: AccountServiceDep
) -> dict[str, str]:
    if accounts.is_blocked(user.id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "you are blocked")
    comment = session.get(Comment, comment_id)
    if comment is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such comment")
    if not may_edit(user, comment.author_id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "not your comment")
    comment.text = data.text
    session.commit()
    return {"text": comment.text, "author": comment.author.username}


@router.delete("/comments/{comment_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_comment(comment_id: int, user: CurrentUser, session: SessionDep) -> None:
    comment = session.get(Comment, comment_id)
    if comment is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such comment")
    if not may_edit(user, comment.author_id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "not your comment")
    session.delete(comment)
    session.commit()
