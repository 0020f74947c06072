from collections.abc import Sequence

from fastapi import APIRouter, BackgroundTasks, HTTPException, Response, status
from fastapi.responses import StreamingResponse

from app.dependencies import (
    CurrentUser,
    EditablePost,
    HttpClientDep,
    PostRepositoryDep,
    PostServiceDep,
    SettingsDep,
)
from app.models import Post
from app.repositories.posts import PostRepository
from app.schemas import (
    PostChanged,
    PostCreate,
    PostDetail,
    PostSummary,
    PostUpdate,
    TagNames,
    TagRead,
)
from app.services import feeds, webhooks

router = APIRouter(prefix="/api/posts", tags=["posts"])


def get_or_404(repository: PostRepository, post_id: int) -> Post:
    post = repository.get(post_id)
    if post is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such post")
    return post


@router.get("", response_model=list[PostSummary])
def list_posts(repository: PostRepositoryDep) -> Sequence[Post]:
    return repository.list_recent()


@router.get("/search")
def search_posts(q: str, repository: PostRepositoryDep) -> list[dict[str, str]]:
    posts = repository.search(q)
    return [{"title": post.title, "author": post.author.username} for post in posts]


@router.get("/tagged/{name}", response_model=list[PostSummary])
def tagged_posts(name: str, repository: PostRepositoryDep) -> Sequence[Post]:
    return repository.list_by_tag(name)


@router.get("/feed")
def feed(repository: PostRepositoryDep) -> Response:
    return Response(feeds.feed(repository), media_type="application/xml")


@router.get("/titles.txt")
def titles(repository: PostRepositoryDep) -> StreamingResponse:
    lines = (f"{post.title}\n" for post in repository.list_recent())
    return StreamingResponse(lines, media_type="text/plain")


@router.get("/count")
def count_posts(repository: PostRepositoryDep) -> int:
    return repository.count()


@router.post("", response_model=PostDetail, status_code=status.HTTP_201_CREATED)
def create_post(data: PostCreate, author: CurrentUser, service: PostServiceDep) -> Post:
    return service.create(author, data)


@router.get("/{post_id}", response_model=PostDetail)
def read_post(post_id: int, repository: PostRepositoryDep) -> Post:
    return get_or_404(repository, post_id)


@router.get("/{post_id}/summary")
def read_summary(post_id: int, repository: PostRepositoryDep) -> PostSummary:
    post = get_or_404(repository, post_id)
    return PostSummary.model_validate(post)


@router.get("/{post_id}/related", response_model=list[PostSummary])
def related_posts(post_id: int, service: PostServiceDep) -> Sequence[Post]:
    return service.related(post_id)


@router.get("/{post_id}/announcement")
def announcement(post_id: int, service: PostServiceDep) -> str:
    return service.announcement(post_id)


@router.get("/{post_id}/reviewer")
def reviewer(post_id: int, service: PostServiceDep) -> str:
    return service.reviewer_name(post_id)


@router.patch("/{post_id}")
def update_post(post: EditablePost, data: PostUpdate, service: PostServiceDep) -> PostChanged:
    return service.update(post, data)


@router.put("/{post_id}/title")
def rename_post(post: EditablePost, title: str, service: PostServiceDep) -> str:
    return service.rename(post, title)


@router.put("/{post_id}/tags")
def set_tags(post: EditablePost, data: TagNames, service: PostServiceDep) -> list[TagRead]:
    tags = service.set_tags(post, data.names)
    return [TagRead.model_validate(tag) for tag in tags]


@router.post("/{post_id}/tags/{name}", status_code=status.HTTP_204_NO_CONTENT)
def add_tag(post: EditablePost, name: str, service: PostServiceDep) -> None:
    service.add_tag(post, name)


@router.post("/{post_id}/publish", status_code=status.HTTP_202_ACCEPTED)
def publish_post(
    post: EditablePost,
    service: PostServiceDep,
    client: HttpClientDep,
    settings: SettingsDep,
    background: BackgroundTasks,
) -> dict[str, bool]:
    service.publish(post)
    if settings.webhook_url is not None:
        background.add_task(webhooks.announce, client, settings.webhook_url, post.id)
    return {"published": True}


@router.delete("/{post_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_post(post: EditablePost, repository: PostRepositoryDep) -> None:
    repository.delete(post)
