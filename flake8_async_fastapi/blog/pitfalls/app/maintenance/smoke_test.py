"""Ask the application for its front page, without a server."""

import asyncio

from httpx import AsyncClient

from app.main import app, lifespan


async def main() -> int:
    async with lifespan(app):
        async with AsyncClient(app=app, base_url="http://blog") as client:  # AFA408
            response = await client.get("/")
    return response.status_code


if __name__ == "__main__":
    print(asyncio.run(main()))
