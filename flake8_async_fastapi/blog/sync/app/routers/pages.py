"""The pages that people see."""

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, Form, HTTPException, Request, Response, status
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

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
def index(request: Request, user: OptionalUser, repository: PostRepositoryDep) -> Response:
    context = {"user": user, "posts": repository.list_recent()}
    return templates.TemplateResponse(request, "posts/index.html", context)


@router.get("/write")
def write(request: Request, user: OptionalUser) -> Response:
    if user is None:
        return redirect("/login")
    return templates.TemplateResponse(request, "posts/write.html", {"user": user})


@router.post("/write")
def create_post(
    user: CurrentUser,
    service: PostServiceDep,
    title: Annotated[str, Form()],
    body: Annotated[str, Form()],
    tags: Annotated[str, Form()] = "",
) -> Response:
    post = service.create(user, PostCreate(title=title, body=body, tags=tags.split()))
    service.publish(post)
    return redirect(f"/posts/{post.id}")


@router.get("/posts/{post_id}", dependencies=[Depends(count_view)])
def read_post(post_id: int, request: Request, user: OptionalUser, repository: PostRepositoryDep) -> Response:
    post = repository.get(post_id)
    if post is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such post.")
    return templates.TemplateResponse(request, "posts/detail.html", {"user": user, "post": post})


@router.post("/posts/{post_id}/comments")
def add_comment(
    post_id: int,
    user: CurrentUser,
    session: SessionDep,
    background: BackgroundTasks,
    text: Annotated[str, Form()],
) -> Response:
    comment = Comment(post_id=post_id, author_id=user.id, text=text)
    session.add(comment)
    session.commit()
    background.add_task(audit.log_comment, comment.id)
    return redirect(f"/posts/{post_id}")


@router.get("/authors/{username}")
def read_author(
    username: str,
    request: Request,
    user: OptionalUser,
    users: UserRepositoryDep,
    repository: PostRepositoryDep,
) -> Response:
    author = users.profile(username)
    if author is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "There is no such author.")
    context = {"user": user, "author": author, "posts": repository.list_by_author(author.id)}
    return templates.TemplateResponse(request, "posts/author.html", context)


@router.get("/tags/{name}")
def read_tag(name: str, request: Request, user: OptionalUser, repository: PostRepositoryDep) -> Response:
    context = {"user": user, "tag": name, "posts": repository.list_by_tag(name)}
    return templates.TemplateResponse(request, "posts/tag.html", context)


@router.get("/tags")
def read_tags(request: Request, user: OptionalUser, session: SessionDep) -> Response:
    context = {"user": user, "tags": TagRepository(session).list_all()}
    return templates.TemplateResponse(request, "posts/tags.html", context)


@router.get("/register")
def show_register(request: Request, user: OptionalUser) -> Response:
    return templates.TemplateResponse(request, "accounts/register.html", {"user": user})


@router.post("/register")
def register(
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
        account = accounts.register(data)
    except NameTaken as taken:
        context = {"user": None, "error": str(taken)}
        return templates.TemplateResponse(request, "accounts/register.html", context, status_code=409)
    return signed_in(account.id)


@router.get("/login")
def show_login(request: Request, user: OptionalUser) -> Response:
    return templates.TemplateResponse(request, "accounts/login.html", {"user": user})


@router.post("/login")
def login(
    request: Request,
    accounts: AccountServiceDep,
    username: Annotated[str, Form()],
    password: Annotated[str, Form()],
) -> Response:
    account = accounts.authenticate(username, password)
    if account is None:
        context = {"user": None, "error": "Wrong name or password."}
        return templates.TemplateResponse(request, "accounts/login.html", context, status_code=401)
    return signed_in(account.id)


@router.post("/logout")
def logout() -> Response:
    response = redirect("/")
    response.delete_cookie("blog_token")
    return response
