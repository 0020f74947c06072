"""The pages that people see."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Form, HTTPException, Request, Response, status
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from app.database import SessionLocal
from app.dependencies import (
    AccountServiceDep,
    CurrentUser,
    OptionalUser,
    PostRepositoryDep,
    PostServiceDep,
    SessionDep,
    UserRepositoryDep,
    count_view,
)
from app.models import Comment
from app.repositories.tags import TagRepository
from app.schemas import PostCreate, UserCreate
from app.security import create_token
from app.services import audit
from app.services.accounts import NameTaken
from app.templating import templates

router = APIRouter(include_in_schema=False)


def redirect(url: str) -> RedirectResponse:
    return RedirectResponse(url, status.HTTP_303_SEE_OTHER)


def signed_in(user_id: int) -> RedirectResponse:
    response = redirect("/")
    response.set_cookie("blog_token", create_token(user_id), httponly=True, samesite="lax")
    return response


@router.get("/")
async def index(request: Request, user: OptionalUser, repository: PostRepositoryDep) -> Response:
    context = {"user": user, "posts": await repository.list_recent()}
    return templates.TemplateResponse(request, "posts/index.html", context)


@router.get("/write")
async def write(request: Request, user: OptionalUser) -> Response:
    if user is None:
        return redirect("/login")
    return templates.TemplateResponse(request, "posts/write.html", {"user": user})


@router.post("/write")
async def create_post(
    user: CurrentUser,
    service: PostServiceDep,
    title: Annotated[str, Form()],
    body: Annotated[str, Form()],
    tags: Annotated[str, Form()] = "",
) -> Response:
    post = await service.create(user, PostCreate(title=title, body=body, tags=tags.split()))
    await service.publish(post)
    return redirect(f"/posts/{post.id}")


@router.get("/posts/{post_id}", dependencies=[Depends(count_view)])
async def read_post(
    post_id: int, request: Request, user: OptionalUser, repository: PostRepositoryDep
) -> Response:
    post = await repository.get(post_id)
    if post is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such post.")
    return templates.TemplateResponse(request, "posts/detail.html", {"user": user, "post": post})  # AFA304


@router.post("/posts/{post_id}/comments")
async def add_comment(
    post_id: int,
    user: CurrentUser,
    background: BackgroundTasks,
    text: Annotated[str, Form()],
) -> Response:
    async with SessionLocal() as session:
        comment = Comment(post_id=post_id, author_id=user.id, text=text)
        session.add(comment)
        await session.commit()
        background.add_task(audit.log_comment, session, comment.id)  # AFA502
    return redirect(f"/posts/{post_id}")


@router.get("/authors/{username}")
async def read_author(
    username: str,
    request: Request,
    user: OptionalUser,
    users: UserRepositoryDep,
    repository: PostRepositoryDep,
) -> Response:
    author = await users.by_username(username, with_bio=True)
    if author is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such author.")
    context = {"user": user, "author": author, "posts": await repository.list_by_author(author.id)}
    return templates.TemplateResponse(request, "posts/author.html", context)  # AFA304


@router.get("/tags/{name}")
async def read_tag(
    name: str, request: Request, user: OptionalUser, repository: PostRepositoryDep
) -> Response:
    context = {"user": user, "tag": name, "posts": await repository.list_by_tag(name)}
    return templates.TemplateResponse(request, "posts/tag.html", context)


@router.get("/tags")
async def read_tags(request: Request, user: OptionalUser, session: SessionDep) -> Response:
    context = {"user": user, "tags": await TagRepository(session).list_all()}
    return templates.TemplateResponse(request, "posts/tags.html", context)


@router.get("/register")
async def show_register(request: Request, user: OptionalUser) -> Response:
    return templates.TemplateResponse(request, "accounts/register.html", {"user": user})


@router.post("/register")
async def register(
    request: Request,
    accounts: AccountServiceDep,
    username: Annotated[str, Form()],
    email: Annotated[str, Form()],
    password: Annotated[str, Form()],
) -> Response:
    try:
        data = UserCreate(username=username, email=email, password=password)
    except ValidationError:
        context = {"user": None, "error": "A short name, a mail address, and eight characters or more."}
        return templates.TemplateResponse(request, "accounts/register.html", context, status_code=422)
    try:
        account = await accounts.register(data)
    except NameTaken as taken:
        context = {"user": None, "error": str(taken)}
        return templates.TemplateResponse(request, "accounts/register.html", context, status_code=409)
    return signed_in(account.id)


@router.get("/login")
async def show_login(request: Request, user: OptionalUser) -> Response:
    return templates.TemplateResponse(request, "accounts/login.html", {"user": user})


@router.post("/login")
async def login(
    request: Request,
    accounts: AccountServiceDep,
    username: Annotated[str, Form()],
    password: Annotated[str, Form()],
) -> Response:
    account = await accounts.authenticate(username, password)
    if account is None:
        context = {"user": None, "error": "Wrong name or password."}
        return templates.TemplateResponse(request, "accounts/login.html", context, status_code=401)
    return signed_in(account.id)


@router.post("/logout")
async def logout() -> Response:
    response = redirect("/")
    response.delete_cookie("blog_token")
    return response
