"""The title of a page elsewhere, shown next to a link."""

import re

import httpx

TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def find_title(page: str) -> str | None:
    found = TITLE.search(page)
    return found[1].strip() if found else None


async def fetch_title(client: httpx.AsyncClient, url: str) -> str | None:
    response = await client.get(url)
    response.raise_for_status()
    return find_title(response.text)


async def is_reachable(client: httpx.AsyncClient, url: str) -> bool:
    try:
        response = await client.head(url)
    except httpx.HTTPError:
        return False
    return response.is_success
