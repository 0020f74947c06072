from collections.abc import Sequence

from fastapi import APIRouter, HTTPException, Response, status
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


async def get_or_404(repository: PostRepository, post_id: int) -> Post:
    post = await repository.get(post_id)
    if post is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such post")
    return post


@router.get("", response_model=list[PostSummary])
async def list_posts(repository: PostRepositoryDep) -> Sequence[Post]:
    return await repository.list_recent()


@router.get("/search")
async def search_posts(q: str, repository: PostRepositoryDep) -> list[dict[str, str]]:
    posts = await repository.search(q, with_author=True)
    return [{"title": post.title, "author": post.author.username} for post in posts]


@router.get("/tagged/{name}", response_model=list[PostSummary])
async def tagged_posts(name: str, repository: PostRepositoryDep) -> Sequence[Post]:
    return await repository.list_by_tag(name)


@router.get("/feed")
async def feed(repository: PostRepositoryDep) -> Response:
    return Response(await feeds.feed(repository), media_type="application/xml")


@router.get("/titles.txt")
async def titles(repository: PostRepositoryDep) -> StreamingResponse:
    # The text is complete before the response starts: the stream needs no session.
    lines = [f"{post.title}\n" for post in await repository.list_recent()]
    return StreamingResponse(iter(lines), media_type="text/plain")


@router.get("/count")
async def count_posts(repository: PostRepositoryDep) -> int:
    return await repository.count()


@router.post("", response_model=PostDetail, status_code=status.HTTP_201_CREATED)
async def create_post(data: PostCreate, author: CurrentUser, service: PostServiceDep) -> Post:
    return await service.create(author, data)


@router.get("/{post_id}", response_model=PostDetail)
async def read_post(post_id: int, repository: PostRepositoryDep) -> Post:
    return await get_or_404(repository, post_id)


@router.get("/{post_id}/summary")
async def read_summary(post_id: int, repository: PostRepositoryDep) -> PostSummary:
    post = await get_or_404(repository, post_id)
    return PostSummary.model_validate(post)


@router.get("/{post_id}/related", response_model=list[PostSummary])
async def related_posts(post_id: int, service: PostServiceDep) -> Sequence[Post]:
    return await service.related(post_id)


@router.get("/{post_id}/announcement")
async def announcement(post_id: int, service: PostServiceDep) -> str:
    return await service.announcement(post_id)


@router.get("/{post_id}/reviewer")
async def reviewer(post_id: int, service: PostServiceDep) -> str:
    return await service.reviewer_name(post_id)


@router.patch("/{post_id}")
async def update_post(post: EditablePost, data: PostUpdate, service: PostServiceDep) -> PostChanged:
    return await service.update(post, data)


@router.put("/{post_id}/title")
async def rename_post(post: EditablePost, title: str, service: PostServiceDep) -> str:
    return await service.rename(post, title)


@router.put("/{post_id}/tags")
async def set_tags(post: EditablePost, data: TagNames, service: PostServiceDep) -> list[TagRead]:
    tags = await service.set_tags(post, data.names)
    return [TagRead.model_validate(tag) for tag in tags]


@router.post("/{post_id}/tags/{name}", status_code=status.HTTP_204_NO_CONTENT)
async def add_tag(post: EditablePost, name: str, service: PostServiceDep) -> None:
    await service.add_tag(post, name)


@router.post("/{post_id}/publish", status_code=status.HTTP_202_ACCEPTED)
async def publish_post(
    post: EditablePost,
    service: PostServiceDep,
    client: HttpClientDep,
    settings: SettingsDep,
) -> dict[str, bool]:
    await service.publish(post)
    if settings.webhook_url is not None:
        webhooks.announce_later(client, settings.webhook_url, post.id)
    return {"published": True}


@router.delete("/{post_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_post(post: EditablePost, repository: PostRepositoryDep) -> None:
    await repository.delete(post)
