"""The title of a page elsewhere, shown next to a link."""

import re

import httpx

TITLE = re.compile(r"<title>(.*?)</title>", re.IGNORECASE | re.DOTALL)


def find_title(page: str) -> str | None:
    found = TITLE.search(page)
    return found[1].strip() if found else None


def fetch_title(client: httpx.Client, url: str) -> str | None:
    response = client.get(url)
    response.raise_for_status()
    return find_title(response.text)


def is_reachable(client: httpx.Client, url: str) -> bool:
    try:
        response = client.head(url)
    except httpx.HTTPError:
        return False
    return response.is_success
