"""News over a web socket."""

from fastapi import APIRouter, WebSocket

from app.database import SessionLocal
from app.repositories.posts import PostRepository

router = APIRouter(prefix="/api/live", tags=["live"])


@router.websocket("/titles")
async def titles(websocket: WebSocket) -> None:
    """Send the titles of the latest posts, and hang up."""
    await websocket.accept()
    # A socket may stay open for hours: hold a session only while it is needed.
    with SessionLocal() as session:
        posts = PostRepository(session).list_recent()
    for post in posts:
        await websocket.send_text(post.title)
    await websocket.close()


@router.websocket("/posts/{post_id}/typing")
async def typing(websocket: WebSocket, post_id: int) -> None:
    """Send back what a reader types into the form for comments."""
    with SessionLocal() as session:
        post = PostRepository(session).get(post_id)
    await websocket.accept()
    while post is not None:
        text = await websocket.receive_text()
        await websocket.send_text(f"{post.title}: {text}")
