"""The converted blog in a real browser, as its readers see it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from blog_server import serve

NAMES = (os.environ.get("CHROMIUM", "chromium"), "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

playwright = pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="the browser test needs Chromium"),
]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    # A folder of its own for the profile, and no proxy between here and here.
    environment = {**os.environ, "HOME": str(tmp_path), "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=SWITCHES, env=environment)
        page = browser.new_page()
        page.set_default_timeout(15_000)
        yield page
        browser.close()


def test_readers_see_the_posts_with_their_authors(page: Any, tmp_path: Path) -> None:
    with serve("converted", tmp_path) as site:
        page.goto(site.url)
        posts = {
            post.locator("h2").inner_text(): post.locator(".byline a").inner_text()
            for post in page.locator("article.post").all()
        }
        assert posts == {"Pools and how to empty them": "grace", "What a greenlet is for": "ada"}

        page.get_by_role("link", name="What a greenlet is for").click()
        assert page.locator("h1").inner_text() == "What a greenlet is for"
        assert page.locator(".comment strong").inner_text() == "linus"


def test_a_new_author_writes_a_post(page: Any, tmp_path: Path) -> None:
    with serve("converted", tmp_path) as site:
        page.goto(f"{site.url}/register")
        page.get_by_label("Name").fill("margaret")
        page.get_by_label("Mail").fill("margaret@example.org")
        page.get_by_label("Password").fill("apollo eleven")
        page.get_by_role("button", name="Register").click()

        page.get_by_role("link", name="Write").click()
        page.get_by_label("Title").fill("Alarm 1202")
        page.locator("textarea[name=body]").fill("Keep the loop free.")
        page.get_by_label("Tags").fill("priorities asyncio")
        page.get_by_role("button", name="Publish").click()

        assert page.locator("h1").inner_text() == "Alarm 1202"
        assert page.locator(".byline a").inner_text() == "margaret"
        page.locator("textarea[name=text]").fill("Well done.")
        page.get_by_role("button", name="Comment").click()
        assert page.locator(".comment").inner_text() == "margaret Well done."
