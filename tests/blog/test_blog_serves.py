"""All variants start under a real server, as their README says."""

from pathlib import Path

import httpx
import pytest
from blog_server import serve

PAGES = ["/", "/login", "/register", "/tags", "/static/style.css", "/api/posts", "/docs"]
EVERYTHING = [*PAGES, "/posts/1", "/authors/ada", "/tags/python", "/widgets/headline", "/api/posts/1"]


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False)


@pytest.mark.parametrize(
    "variant, urls", [("sync", EVERYTHING), ("pitfalls", PAGES), ("converted", EVERYTHING)]
)
def test_the_blog_serves(variant: str, urls: list[str], tmp_path: Path) -> None:
    with serve(variant, tmp_path) as site:
        for url in urls:
            assert get(site.url + url).status_code == 200, url
        assert "Pools and how to empty them" in get(site.url).text


def test_the_half_converted_blog_fails_where_it_must(tmp_path: Path) -> None:
    with serve("pitfalls", tmp_path) as site:
        assert get(site.url + "/posts/1").status_code == 500
        assert get(site.url).status_code == 200
