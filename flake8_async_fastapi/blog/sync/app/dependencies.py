"""What routes ask for, each declared once as an Annotated alias."""

from typing import Annotated

import httpx
from fastapi import Cookie, Depends, Header, HTTPException, Request, status
from sqlalchemy.orm import Session

from app.config import Settings, get_settings
from app.database import get_session
from app.models import PageView, Post, User
from app.repositories.posts import PostRepository
from app.repositories.users import UserRepository
from app.security import read_token
from app.services.accounts import AccountService
from app.services.posts import PostService

SessionDep = Annotated[Session, Depends(get_session)]
SettingsDep = Annotated[Settings, Depends(get_settings)]


def get_http_client(request: Request) -> httpx.Client:
    """The client that was opened at the start: its connections are pooled."""
    client: httpx.Client = request.app.state.http_client
    return client


def get_post_repository(session: SessionDep) -> PostRepository:
    return PostRepository(session)


def get_user_repository(session: SessionDep) -> UserRepository:
    return UserRepository(session)


def get_post_service(session: SessionDep) -> PostService:
    return PostService(session)


def get_account_service(session: SessionDep) -> AccountService:
    return AccountService(session)


HttpClientDep = Annotated[httpx.Client, Depends(get_http_client)]
PostRepositoryDep = Annotated[PostRepository, Depends(get_post_repository)]
UserRepositoryDep = Annotated[UserRepository, Depends(get_user_repository)]
PostServiceDep = Annotated[PostService, Depends(get_post_service)]
AccountServiceDep = Annotated[AccountService, Depends(get_account_service)]


def get_optional_user(
    session: SessionDep,
    authorization: Annotated[str | None, Header()] = None,
    blog_token: Annotated[str | None, Cookie()] = None,
) -> User | None:
    """Sign-in by bearer token (the API) or by cookie (the pages)."""
    token = authorization.removeprefix("Bearer ") if authorization else blog_token
    user_id = read_token(token) if token else None
    return session.get(User, user_id) if user_id is not None else None


OptionalUser = Annotated[User | None, Depends(get_optional_user)]


def get_current_user(user: OptionalUser) -> User:
    if user is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "sign in first")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


def is_moderator(user: User) -> bool:
    return user.username in get_settings().moderators


def may_edit(user: User, author_id: int) -> bool:
    return user.id == author_id or is_moderator(user)


def require_moderator(user: CurrentUser) -> User:
    if not is_moderator(user):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "moderators only")
    return user


def get_editable_post(post_id: int, user: CurrentUser, repository: PostRepositoryDep) -> Post:
    post = repository.get(post_id)
    if post is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such post")
    if not may_edit(user, post.author_id):
        raise HTTPException(status.HTTP_403_FORBIDDEN, "not your post")
    return post


EditablePost = Annotated[Post, Depends(get_editable_post)]


def count_view(request: Request, session: SessionDep) -> None:
    session.add(PageView(path=request.url.path))
    session.commit()
