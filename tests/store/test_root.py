from __future__ import annotations

from pathlib import Path

import pytest

from flake8_async_fastapi.store.root import RootError, find_root, relative_path


def make(base: Path, *paths: str) -> None:
    """Make empty files, and directories for paths that end in a slash."""
    for each in paths:
        path = base / each
        if each.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


@pytest.fixture
def base(tmp_path: Path) -> Path:
    # Deep enough that no test's root can be found by accident in the folder of another.
    base = tmp_path / "base"
    base.mkdir()
    return base


@pytest.mark.parametrize("cwd", [".", "project", "project/app", "elsewhere"])
@pytest.mark.parametrize("arguments", [(), ("app",), ("..",)])
@pytest.mark.parametrize("name", ["pyproject.toml", "setup.cfg", "setup.py", "tox.ini", ".flake8"])
def test_project_file_decides_whatever_the_working_directory(
    base: Path, name: str, arguments: tuple[str, ...], cwd: str
) -> None:
    make(base, f"project/{name}", "project/app/api/routes.py", "elsewhere/")
    file = base / "project/app/api/routes.py"
    assert find_root(file, arguments=arguments, cwd=base / cwd) == base / "project"


@pytest.mark.parametrize(
    ("files", "path", "cwd", "arguments", "expected"),
    [
        pytest.param(
            ["pyproject.toml", "services/users/setup.cfg", "services/users/app.py"],
            "services/users/app.py", ".", (), "services/users",
            id="nearest project file",
        ),
        pytest.param(
            ["pyproject.toml", "sub/.git/", "sub/app.py"], "sub/app.py", ".", (), ".",
            id="a project file counts more than a nearer repository",
        ),
        pytest.param([".git/", "a/b/app.py"], "a/b/app.py", "a", ("a",), ".", id="git"),
        pytest.param([".hg/", "a/b/app.py"], "a/b/app.py", "a", (), ".", id="mercurial"),
        pytest.param([".git", "a/app.py"], "a/app.py", "a", (), ".", id="a worktree's .git file"),
        pytest.param(
            ["a/b/c/app.py"], "a/b/c/app.py", ".", ("a/b/c", "a/b", "x"), "a/b",
            id="outermost argument",
        ),
        pytest.param(
            ["a/b/app.py"], "a/b/app.py", ".", ("a/b/app.py",), ".",
            id="an argument that is the file is no directory around it",
        ),
        pytest.param(["a/b/app.py"], "a/b/app.py", "a", (), "a", id="working directory"),
        pytest.param(
            ["p/a/__init__.py", "p/a/b/__init__.py", "p/a/b/app.py", "other/"],
            "p/a/b/app.py", "other", (), "p",
            id="above the packages",
        ),
        pytest.param(
            ["pyproject.toml", "app/__init__.py", "app/.flake8", "app/api/__init__.py", "app/api/setup.cfg"],
            "app/api/x.py", ".", (), ".",
            id="settings in packages of a project",
        ),
        pytest.param(
            [".git/", "src/app/__init__.py", "src/app/tox.ini"], "src/app/x.py", "src", (), ".",
            id="settings in a package below src",
        ),
        pytest.param(
            ["a/p/__init__.py", "a/p/pyproject.toml"], "a/p/x.py", ".", (), "a/p",
            id="a package around which there is no project",
        ),
        pytest.param(
            ["pyproject.toml", "p/__init__.py", "p/.git/", "p/pyproject.toml"], "p/x.py", ".", (), "p",
            id="a repository that is a package",
        ),
        pytest.param(["p/app.py", "other/"], "p/app.py", "other", (), "p", id="a lone file"),
        pytest.param(["other/"], "stdin", "other", (), "other", id="a buffer without a file"),
    ],
)  # fmt: skip
def test_root(
    base: Path, files: list[str], path: str, cwd: str, arguments: tuple[str, ...], expected: str
) -> None:
    make(base, *files)
    absolute_arguments = tuple(str(base / argument) for argument in arguments)
    file = Path(path) if path == "stdin" else base / path
    assert find_root(file, arguments=absolute_arguments, cwd=base / cwd) == base / expected


@pytest.mark.parametrize(
    ("files", "text", "expected"),
    [
        pytest.param(["app/__init__.py", "app/core/__init__.py"], "", ".", id="in a package"),
        pytest.param([], "def setup(app): ...", ".", id="in a folder"),
        pytest.param([], "from setuptools import setup", "app/core", id="one that builds"),
        pytest.param([], "", "app/core", id="one that says nothing"),
    ],
)
def test_module_called_setup(base: Path, files: list[str], text: str, expected: str) -> None:
    make(base, "pyproject.toml", "app/core/routes.py", *files)
    (base / "app/core/setup.py").write_text(text)
    assert find_root(base / "app/core/routes.py", cwd=base) == base / expected


@pytest.mark.parametrize(
    ("above", "member", "expected"),
    [
        pytest.param('[tool.uv.workspace]\nmembers = ["packages/*"]', "", ".", id="uv"),
        pytest.param('[tool.uv]\nworkspace = { members = ["packages/*"] }', "", ".", id="uv, inline"),
        pytest.param("[tool.rye.workspace]", "", ".", id="Rye"),
        pytest.param("[project]", "", "packages/api", id="a project of its own"),
        pytest.param("", 'core = { path = "../core", develop = true }', "packages", id="Poetry, a path"),
        pytest.param("", 'core = { path = "../none" }', "packages/api", id="a path where nothing is"),
        pytest.param("", 'readme = "../README.md"', "packages/api", id="another path"),
        pytest.param(
            "", 'dependencies = ["core @ file:///${PROJECT_ROOT}/../core"]', "packages", id="a URL of a path"
        ),
        pytest.param('dev = ["-e file:///${PROJECT_ROOT}/packages/api"]', "", ".", id="PDM"),
        pytest.param(
            '[tool.poetry.dependencies]\napi = { path = "packages/api" }', "", ".", id="Poetry"
        ),
    ],
)
def test_workspace_of_several_packages(base: Path, above: str, member: str, expected: str) -> None:
    make(base, "packages/core/pyproject.toml", "packages/api/src/api/routes.py", "packages/README.md")
    (base / "pyproject.toml").write_text(above)
    (base / "packages/api/pyproject.toml").write_text(member)
    assert find_root(base / "packages/api/src/api/routes.py", cwd=base) == base / expected


def test_workspace_of_pants(base: Path) -> None:
    make(base, "pants.toml", "apps/api/pyproject.toml", "apps/api/src/api/routes.py", "libs/core/db.py")
    assert find_root(base / "libs/core/db.py", cwd=base / "libs") == base
    assert find_root(base / "apps/api/src/api/routes.py", cwd=base) == base


@pytest.mark.parametrize(
    ("imports", "root_of_api", "root_of_core"),
    [
        pytest.param("from core.db import Post", "packages", "packages", id="a module of another project"),
        pytest.param("from core import db", "packages", "packages", id="a package of another project"),
        pytest.param("import core.other", "packages/api", "packages/core", id="a module that is nowhere"),
        pytest.param("from api.db import Post", "packages/api", "packages/core", id="its own module"),
        pytest.param("import fastapi", "packages/api", "packages/core", id="a library"),
        pytest.param("import scripts.load", ".", "packages/core", id="a module outside all projects"),
        pytest.param(
            "import web.views", "packages/api", "packages/core", id="one that two have"
        ),
        pytest.param(
            "import redis", "packages/api", "packages/core", id="a folder of that name"
        ),
    ],
)
@pytest.mark.parametrize("mark", [".git/", "pyproject.toml"])
def test_projects_are_linked_by_their_imports(
    base: Path, imports: str, root_of_api: str, root_of_core: str, mark: str
) -> None:
    make(base, mark, "packages/core/pyproject.toml", "packages/core/src/core/__init__.py",
         "packages/core/src/core/db.py", "packages/api/setup.cfg", "packages/api/src/api/__init__.py",
         "packages/api/src/api/db.py", "packages/one/pyproject.toml", "packages/one/web/views.py",
         "packages/two/pyproject.toml", "packages/two/web/views.py", "redis/start.py",
         "scripts/load.py")  # fmt: skip
    routes = base / "packages/api/src/api/routes.py"
    routes.write_text(f"import fastapi\n{imports}\n")
    assert find_root(routes, cwd=base) == base / root_of_api
    assert find_root(base / "packages/core/src/core/db.py", cwd=base) == base / root_of_core
    assert find_root(base / "packages/one/web/views.py", cwd=base) == base / "packages/one"


def test_settings_in_a_folder_that_is_no_package(base: Path) -> None:
    """A folder without ``__init__.py`` may be a package, too: its modules say so."""
    make(base, ".git/", "app/db.py", "app/routers/.flake8")
    (base / "app/routers/posts.py").write_text("from app.db import Post\n")
    assert find_root(base / "app/routers/posts.py", cwd=base) == base


def test_workspace_ends_at_the_repository(base: Path) -> None:
    make(base, "vendored/.git", "vendored/pyproject.toml", "vendored/app.py")
    (base / "pyproject.toml").write_text("[tool.uv.workspace]")
    assert find_root(base / "vendored/app.py", cwd=base) == base / "vendored"


def test_relative_paths_and_arguments_are_taken_from_the_working_directory(base: Path) -> None:
    make(base, "a/b/app.py")
    assert find_root(Path("../a/b/app.py"), arguments=["../a"], cwd=base / "a") == base / "a"


def test_settings_in_the_home_directory_make_no_project(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(base))
    monkeypatch.setenv("USERPROFILE", str(base))
    make(base, ".flake8", "tox.ini", "setup.cfg", ".git/", "a/.git/", "a/b/app.py", "c/app.py")
    assert find_root(base / "a/b/app.py", cwd=base) == base / "a"
    assert find_root(base / "c/app.py", cwd=base) == base / "c"
    assert find_root(base / "c/app.py", cwd=base, arguments=["."]) == base
    make(base, "pyproject.toml")
    assert find_root(base / "c/app.py", cwd=base) == base


def test_configured_root_wins(base: Path) -> None:
    make(base, "pyproject.toml", "sub/setup.cfg", "sub/app.py")
    file = base / "sub/app.py"
    assert find_root(file, cwd=base / "sub", configured="..") == base
    assert find_root(file, cwd=base, configured=str(base / "sub")) == base / "sub"


@pytest.mark.parametrize("configured", ["missing", "file", "nul\0l", "~no-such-user-here/x"])
def test_configured_root_that_is_no_directory(base: Path, configured: str) -> None:
    make(base, "file")
    with pytest.raises(RootError, match="project root is not a directory"):
        find_root(base / "app.py", cwd=base, configured=configured)


def test_path_with_a_null_character_does_not_raise(base: Path) -> None:
    assert find_root(Path("a\0b.py"), cwd=base) == base


def test_relative_path(base: Path) -> None:
    make(base, "project/app/routes.py")
    (base / "link").symlink_to(base / "project", target_is_directory=True)
    root = base / "project"
    assert relative_path(Path("app/routes.py"), root, cwd=root) == "app/routes.py"
    assert relative_path(Path("../app/routes.py"), root, cwd=root / "app") == "app/routes.py"
    assert relative_path(base / "link/app/routes.py", root, cwd=base) == "app/routes.py"
    assert relative_path(base / "other.py", root, cwd=base) is None
