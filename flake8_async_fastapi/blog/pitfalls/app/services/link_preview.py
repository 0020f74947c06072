"""The title of a page elsewhere, shown next to a link."""

import re

import httpx
import requests

TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def find_title(page: str) -> str | None:
    found = TITLE.search(page)
    return found[1].strip() if found else None


def fetch_title(url: str) -> str | None:
    response = requests.get(url, timeout=30)
    response.raise_for_status()
    return find_title(response.text)


async def is_reachable(client: httpx.AsyncClient, url: str) -> bool:
    try:
        response = client.head(url)  # AFA105
    except httpx.HTTPError:
        return False
    return response.is_success
