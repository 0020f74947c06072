"""The posts as an Atom-like feed, and as plain text."""

from collections.abc import Sequence
from xml.etree import ElementTree

from app.models import Post
from app.repositories.posts import PostRepository

Entry = tuple[str, str, str]


def render_feed(entries: Sequence[Entry]) -> bytes:
    root = ElementTree.Element("feed")
    for title, author, body in entries:
        entry = ElementTree.SubElement(root, "entry")
        ElementTree.SubElement(entry, "title").text = title
        ElementTree.SubElement(entry, "author").text = author
        ElementTree.SubElement(entry, "content").text = body
    return ElementTree.tostring(root)


def as_entry(post: Post) -> Entry:
    return post.title, post.author.username, post.body


def feed(repository: PostRepository) -> bytes:
    posts = repository.list_for_feed()
    entries = [as_entry(post) for post in posts]
    return render_feed(entries)
