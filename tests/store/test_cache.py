from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flake8_async_fastapi.store import cache as module
from flake8_async_fastapi.store.cache import DAY, FORMAT, KEPT_UNUSED, Cache, cache_directory

KEY = "0123456789abcdef0123456789abcdef"
OTHER = "fedcba9876543210fedcba9876543210"


def entry_path(directory: Path, key: str = KEY, kind: str = "facts") -> Path:
    return directory / f"v{FORMAT}" / kind / key[:2] / key


def age(path: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment))


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 5000])
def test_round_trip(tmp_path: Path, data: bytes) -> None:
    cache = Cache(tmp_path / "cache")
    assert cache.read("facts", KEY) is None
    cache.write("facts", KEY, data)
    assert cache.read("facts", KEY) == data
    assert cache.read("facts", OTHER) is None
    assert cache.read("verdicts", KEY) is None
    assert [path.name for path in entry_path(tmp_path / "cache").parent.iterdir()] == [KEY]


def test_a_later_write_replaces(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"one")
    cache.write("facts", KEY, b"two")
    assert cache.read("facts", KEY) == b"two"


def test_no_directory() -> None:
    cache = Cache(None)
    cache.write("facts", KEY, b"x")
    assert cache.read("facts", KEY) is None
    cache.prune()


def test_marks_lie_in_our_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "app.py").touch()
    Cache(tmp_path).write("facts", KEY, b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["app.py", f"v{FORMAT}"]
    top = tmp_path / f"v{FORMAT}"
    assert (top / ".gitignore").read_bytes() == b"*\n"
    assert (top / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")


def test_a_copied_cache_works(tmp_path: Path) -> None:
    Cache(tmp_path / "a").write("facts", KEY, b"x")
    (tmp_path / "a").rename(tmp_path / "b")
    assert Cache(tmp_path / "b").read("facts", KEY) == b"x"


@pytest.mark.parametrize("cut", [0, 1, 15, 16, 17, 30])
def test_truncated(tmp_path: Path, cut: int) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"some longer data")
    path = entry_path(tmp_path)
    path.write_bytes(path.read_bytes()[:cut])
    assert cache.read("facts", KEY) is None
    cache.write("facts", KEY, b"some longer data")
    assert cache.read("facts", KEY) == b"some longer data"


def test_every_flipped_bit_is_noticed(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"data")
    path = entry_path(tmp_path)
    good = path.read_bytes()
    for place in range(len(good)):
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :])
        assert cache.read("facts", KEY) is None
    path.write_bytes(good + b"!")
    assert cache.read("facts", KEY) is None


def test_an_entry_under_another_name_is_none(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"x")
    target = entry_path(tmp_path, OTHER)
    target.parent.mkdir(parents=True)
    target.write_bytes(entry_path(tmp_path).read_bytes())
    assert cache.read("facts", OTHER) is None


def test_hostile_entries(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    path = entry_path(tmp_path)
    path.mkdir(parents=True)
    assert cache.read("facts", KEY) is None
    cache.write("facts", KEY, b"x")  # cannot replace a directory
    assert cache.read("facts", KEY) is None
    path.rmdir()
    assert not list(path.parent.iterdir())
    if hasattr(os, "mkfifo"):
        os.mkfifo(path)
        assert cache.read("facts", KEY) is None
        path.unlink()
    if Path("/dev/zero").exists():
        path.symlink_to("/dev/zero")
        assert cache.read("facts", KEY) is None
        path.unlink()
    with path.open("wb") as file:
        file.truncate(1 << 40)
    assert cache.read("facts", KEY) is None
    cache.write("facts", KEY, b"x")
    assert cache.read("facts", KEY) == b"x"


def test_links_in_a_copied_cache_overwrite_nothing(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    directory = tmp_path / "cache"
    top = directory / f"v{FORMAT}"
    top.mkdir(parents=True)
    for name in (".gitignore", "CACHEDIR.TAG", "pruned"):
        (top / name).symlink_to(victim)
    entry = entry_path(directory)
    entry.parent.mkdir(parents=True)
    entry.symlink_to(victim)
    cache = Cache(directory)
    cache.write("facts", KEY, b"x")
    cache.write("facts", OTHER, b"y")
    assert victim.read_text() == "precious"
    assert (cache.read("facts", KEY), cache.read("facts", OTHER)) == (b"x", b"y")


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for directory in (file, file / "below", tmp_path / "nul\0l"):
        cache = Cache(directory)
        cache.write("facts", KEY, b"x")
        assert cache.read("facts", KEY) is None
        cache.prune()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_directory(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"x")
    folders = [tmp_path, *(path for path in tmp_path.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        cache.write("facts", OTHER, b"y")
        assert (cache.read("facts", KEY), cache.read("facts", OTHER)) == (b"x", None)
    finally:
        for folder in folders:
            folder.chmod(0o755)


def test_disk_full_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"x")

    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    cache.write("facts", KEY, b"y")
    assert cache.read("facts", KEY) == b"x"
    assert [path.name for path in entry_path(tmp_path).parent.iterdir()] == [KEY]


def test_too_large_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRY", 10)
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"x" * 11)
    assert cache.read("facts", KEY) is None
    cache.write("facts", KEY, b"x" * 10)
    assert cache.read("facts", KEY) == b"x" * 10


WORKER = """
import sys
from pathlib import Path
from flake8_async_fastapi.store.cache import Cache

cache = Cache(Path(sys.argv[1]))
for turn in range(150):
    key, data = f"{turn % 7:032x}", bytes([turn % 7]) * 30_000
    cache.write("facts", key, data)
    assert cache.read("facts", key) == data
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a file in use is not replaced: a miss, not an error")
def test_concurrent_writers(tmp_path: Path) -> None:
    root = Path(module.__file__).parents[2]
    workers = [
        subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path / "cache")], cwd=root) for _ in range(4)
    ]
    assert [worker.wait() for worker in workers] == [0] * 4
    assert not list(tmp_path.rglob("*.tmp"))


def test_reading_marks_an_entry_as_used(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"x")
    path = entry_path(tmp_path)
    age(path, DAY / 2)
    before = path.stat().st_mtime
    cache.read("facts", KEY)
    assert path.stat().st_mtime == before
    age(path, DAY * 2)
    cache.read("facts", KEY)
    assert time.time() - path.stat().st_mtime < DAY / 2


def test_prune_deletes_what_was_not_used(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"x")
    cache.write("facts", OTHER, b"y")
    forgotten = entry_path(tmp_path).with_name("dead.tmp")
    forgotten.touch()
    age(forgotten, 2 * DAY)
    age(entry_path(tmp_path), KEPT_UNUSED + 100)
    age(entry_path(tmp_path, OTHER), KEPT_UNUSED - 100)
    cache.prune()
    assert (cache.read("facts", KEY), cache.read("facts", OTHER)) == (None, b"y")
    assert not forgotten.exists()


def test_prune_leaves_foreign_files_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cache.write("facts", KEY, b"x")
    foreign = [
        tmp_path / "cache/v9/facts/ab/foreign",  # a folder without our mark
        tmp_path / "cache/notes.txt",
        tmp_path / f"cache/v{FORMAT}/facts/notes.txt",
        tmp_path / "outside/ab/file",
    ]
    for path in foreign:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        age(path, 10 * KEPT_UNUSED)
    (tmp_path / f"cache/v{FORMAT}/linked").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / f"cache/v{FORMAT}/facts/ab").symlink_to(tmp_path / "outside/ab", target_is_directory=True)
    cache.prune()
    assert all(path.exists() for path in foreign)


def test_prune_deletes_entries_of_other_versions(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"x")
    old = tmp_path / "v0"
    (tmp_path / f"v{FORMAT}").rename(old)
    age(old / "facts" / KEY[:2] / KEY, KEPT_UNUSED + 100)
    cache.prune()
    assert not (old / "facts" / KEY[:2] / KEY).exists()


def test_prune_limits_the_total(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What entries take on the disk counts, not their bytes."""
    monkeypatch.setattr(module, "MAX_TOTAL", 10 * 4096)
    cache = Cache(tmp_path)
    keys = [f"{number:032x}" for number in range(20)]
    for number, key in enumerate(keys):
        cache.write("facts", key, b"x" * 84)
        age(entry_path(tmp_path, key), 1000 - number)
    cache.prune()
    assert [key for key in keys if cache.read("facts", key)] == keys[-5:]


def test_texts_of_a_file_that_is_edited_all_day_do_not_push_out_what_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 texts in 40 days, in a project whose other files are read every day."""
    cache = Cache(tmp_path)
    used = [f"{number:032x}" for number in range(100)]
    edits = [f"{number:032x}" for number in range(1_000, 2_000)]
    for key in (*used, *edits):
        cache.write("facts", key, b"x" * 4000)
    for key in used:
        age(entry_path(tmp_path, key), 40 * DAY)
        cache.read("facts", key)
    for number, key in enumerate(edits):
        age(entry_path(tmp_path, key), (40 - number / 25) * DAY)

    def kept() -> tuple[int, int]:
        paths = [entry_path(tmp_path, key) for key in (*used, *edits)]
        return sum(path.exists() for path in paths[:100]), sum(path.exists() for path in paths[100:])

    cache.prune()
    assert kept() == (100, 749)  # those of 30 days
    monkeypatch.setattr(module, "MAX_TOTAL", 400 * 4096)
    cache.prune()
    assert kept() == (100, 100)  # the newest, to half of the limit


def test_writing_prunes_once_a_day(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.write("facts", KEY, b"x")
    age(entry_path(tmp_path), KEPT_UNUSED + 100)
    cache.write("facts", OTHER, b"y")
    assert entry_path(tmp_path).exists()
    age(tmp_path / f"v{FORMAT}" / "pruned", DAY + 100)
    cache.write("facts", OTHER, b"y")
    assert not entry_path(tmp_path).exists()
    assert time.time() - (tmp_path / f"v{FORMAT}" / "pruned").stat().st_mtime < DAY / 2


@pytest.mark.parametrize(
    ("configured", "environ", "platform", "expected"),
    [
        ("/c", {"FLAKE8_ASYNC_FASTAPI_CACHE_DIR": "/v", "HOME": "/h"}, "linux", "/c"),
        ("c", {}, "linux", "c"),
        ("~/c", {"HOME": "/h"}, "linux", "/h/c"),
        ("off", {"FLAKE8_ASYNC_FASTAPI_CACHE_DIR": "/v", "HOME": "/h"}, "linux", None),
        ("", {"HOME": "/h"}, "linux", None),
        (None, {"FLAKE8_ASYNC_FASTAPI_CACHE_DIR": "/v", "HOME": "/h"}, "linux", "/v"),
        (None, {"FLAKE8_ASYNC_FASTAPI_CACHE_DIR": "", "HOME": "/h"}, "linux", None),
        (None, {"FLAKE8_ASYNC_FASTAPI_CACHE_DIR": "OFF", "HOME": "/h"}, "linux", None),
        (None, {"XDG_CACHE_HOME": "/x", "HOME": "/h"}, "linux", "/x/flake8-async-fastapi"),
        (None, {"XDG_CACHE_HOME": "x", "HOME": "/h"}, "linux", "/h/.cache/flake8-async-fastapi"),
        (None, {"HOME": "/h"}, "darwin", "/h/Library/Caches/flake8-async-fastapi"),
        (None, {"LOCALAPPDATA": "/l", "USERPROFILE": "/h"}, "win32", "/l/flake8-async-fastapi/Cache"),
        (None, {"USERPROFILE": "/h"}, "win32", "/h/.cache/flake8-async-fastapi"),
        (None, {"HOME": "relative"}, "linux", None),
        (None, {}, "linux", None),
    ],
)
def test_cache_directory(
    configured: str | None, environ: dict[str, str], platform: str, expected: str | None
) -> None:
    found = cache_directory(configured, environ, platform=platform)
    assert found == (None if expected is None else Path(expected))


def test_a_thousand_entries_are_read_in_no_time(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    keys = [f"{number:08x}".ljust(32, "0") for number in range(1000)]
    for key in keys:
        cache.write("facts", key, b"x" * 5000)
    start = time.process_time()
    assert all(cache.read("facts", key) for key in keys)
    # Measured: 0.015 seconds.  The limit is for slow machines.
    assert time.process_time() - start < 0.5
