"""News over a web socket."""

from fastapi import APIRouter, WebSocket

from app.database import SessionLocal
from app.repositories.posts import PostRepository

router = APIRouter(prefix="/api/live", tags=["live"])


@router.websocket("/titles")
async def titles(websocket: WebSocket) -> None:
    """Send the titles of the latest posts, and hang up."""
    websocket.accept()  # AFA105
    async with SessionLocal() as session:
        posts = await PostRepository(session).list_recent()
    for post in posts:
        await websocket.send_text(post.title)
    await websocket.close()
