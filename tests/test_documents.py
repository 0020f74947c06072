"""The documents say what is true: shown output is printed, what they name exists, links lead somewhere."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType

import pytest
from flake8.main.cli import main as flake8_main
from flake8_runs import RunFlake8

import flake8_async_fastapi
from flake8_async_fastapi import cli
from flake8_async_fastapi.rules.model import FAMILIES, catalogue

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "flake8_async_fastapi"
RULES = [rule for rule, _ in catalogue()]
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "changelog.d/*.md", "tests/cases/README.md")
    for path in ROOT.glob(pattern)
)
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")

LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
FINDING = re.compile(r"^flake8_async_fastapi/\S+:\d+:\d+: AFA\d{3} .+$", re.MULTILINE)
MACHINE_PATH = re.compile(
    r"(?<![\w.~/$}>:-])/(?:Users|etc|home|mnt|opt|private|root|srv|tmp|usr|var|work)/|\b[A-Z]:\\"
)

every_document = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix()
)


def commands(mark: str) -> list[str]:
    """The lines of the block right after a mark in the README."""
    found = re.search(rf"^<!-- {mark} -->\n```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found is not None, f"no block right after the mark {mark}"
    return found[1].splitlines()


def without_blocks(text: str) -> str:
    return BLOCK.sub("", text)


def page(name: str) -> str:
    """A document in the folder of documents."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def flat(text: str) -> str:
    return " ".join(text.split())


# --- README --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout is read once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def blog_lines(flake8: RunFlake8, cache: Path) -> list[str]:
    """What the README's own command for the blog prints."""
    *_, last = commands("blog")
    program, *arguments = shlex.split(last)
    assert program == ".venv/bin/flake8"
    done = flake8(ROOT, "--isolated", *arguments, select=(), cache=cache)
    assert done.status == 0  # a reader may paste it into a script
    return done.lines


def test_shown_findings_are_printed(blog_lines: list[str]) -> None:
    shown = FINDING.findall(README)
    assert len(shown) >= 5
    assert [line for line in shown if line not in blog_lines] == []
    assert shown == [line for line in blog_lines if line in shown], "in another order"


def test_counted_bugs_of_the_blog(blog_lines: list[str]) -> None:
    """The README compares with other tools by the lines with bugs."""
    bugs = {rule.code for rule in RULES if rule.kind == "bug"}
    found = set()
    for line in blog_lines:
        path, number, _, text = line.split(":", 3)
        if text.split()[0] in bugs:
            found.add((path, number))
    said = r"reports bugs on (\d+) lines\..* report (\d+) of them.* other (\d+) are"
    counts = re.search(said, flat(README))
    assert counts is not None
    total, known, other = map(int, counts.groups())
    assert (total, known + other) == (len(found), len(found))


def test_blog_command_installs_the_checkout() -> None:
    create, install, _ = commands("blog")
    assert create == "python3 -m venv .venv"
    assert install.startswith(".venv/bin/python -m pip install ") and install.endswith(" .")


def test_tests_command_is_the_one_that_ci_runs() -> None:
    if shutil.which("awk") is None:
        pytest.skip("the script needs awk")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    extract = re.search(r"^tests=\$\(awk '(?P<program>.*?)' README\.md\)", script, re.MULTILINE | re.DOTALL)
    assert extract is not None
    done = subprocess.run(["awk", extract["program"], "README.md"], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.splitlines() == commands("tests")
    create, install, run = commands("tests")
    assert create == "python3 -m venv .venv"
    assert install.startswith(".venv/bin/python -m pip install ") and install.endswith(" '.[test]'")
    assert run == ".venv/bin/python -m pytest"


def test_shown_trace_is_printed(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (block,) = (found["text"] for found in BLOCK.finditer(page("trace")) if found["language"] == "console")
    command, output = block.split("\n", 1)
    assert command.startswith("$ flake8-async-fastapi trace ")
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("FLAKE8_ASYNC_FASTAPI_CACHE_DIR", str(cache))
    assert cli.main(shlex.split(command)[2:]) == 0
    assert capsys.readouterr().out == output


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 200


def test_rules_in_the_index_of_documents() -> None:
    rows = [line for line in page("README").splitlines() if line.startswith("| [AFA")]
    assert rows == [
        f"| [{rule.code}](rules/{rule.code}.md) | {rule.name} | {rule.kind} | {rule.summary} |"
        for rule in RULES
    ]


def test_the_line_that_switches_off_advice_names_all_of_it() -> None:
    (line,) = (line for line in page("configuration").splitlines() if line.startswith("extend-ignore"))
    assert line == "extend-ignore = " + ",".join(rule.code for rule in RULES if rule.kind == "advice")


def test_planned_families_are_not_there() -> None:
    """What the README says is planned as a whole family has no rule yet."""
    planned = re.search(r"Planned, and not there yet: (.*?)\.\n", README, re.DOTALL)
    families = {f"AFA{number}" for number in range(1, len(FAMILIES) + 1)}
    said = set(re.findall(r"AFA\d", planned[1])) if planned is not None else set()
    assert said == families - {rule.code[:4] for rule in RULES}


def test_options_and_commands_exist(
    flake8: RunFlake8, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    helped = "\n".join(flake8(tmp_path, "--help", select=()).lines)
    options = set(re.findall(r"--[a-z]+(?:-[a-z]+)*", without_blocks(page("configuration"))))
    assert len(options) >= 9
    assert [option for option in sorted(options) if f"{option} " not in helped.replace("\n", " \n")] == []
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    usage = capsys.readouterr().out
    shown = set(re.findall(r"^flake8-async-fastapi (\w+) ", README, re.MULTILINE))
    assert sorted(shown) == sorted(re.findall(r"^ {4}(\w+) ", usage, re.MULTILINE))


def test_described_libraries_have_tables() -> None:
    """The page of limits names the libraries of all tables."""
    text = flat(page("limits")).lower()
    source = ast.parse((PACKAGE / "knowledge" / "__init__.py").read_text(encoding="utf-8"))
    (tables,) = (
        node.value
        for node in source.body
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "_TABLES"
    )
    names = [name.strip("_") for name in ast.unparse(tables).strip("()").split(", ")] if tables else []
    assert "sqlalchemy" in names
    names.remove("successors")  # they have the names of others
    # the pages of the rules list theirs, and this page says what it knows of containers
    for listed in ("sync_types", "services", "async_clients", "injection"):
        names.remove(listed)
    described = re.search(r"written down in tables: (.*?)\. values of", text)
    assert described is not None
    assert sorted(re.findall(r"\w+", described[1].replace(" and ", " "))) == sorted([*names, "fastapi"])


# --- ARCHITECTURE ----------------------------------------------------------------------


def packages() -> Iterator[Path]:
    """The folders of the package with code of their own; the blog is one, whatever it consists of."""
    for init in sorted(PACKAGE.rglob("__init__.py")):
        parts = init.parent.relative_to(PACKAGE).parts
        if parts and parts[0] != "_docs" and (parts[0] != "blog" or len(parts) == 1):
            yield init.parent


@pytest.mark.parametrize("folder", list(packages()), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_every_package_is_named(folder: Path) -> None:
    assert f"`{folder.relative_to(PACKAGE).as_posix()}/`" in ARCHITECTURE


@pytest.mark.parametrize(
    "folder",
    [PACKAGE, *(path for path in packages() if path.parent == PACKAGE and path.name != "blog")],
    ids=lambda path: path.name,
)
def test_invariants_are_those_of_the_code(folder: Path) -> None:
    """The first sentence of each package's invariant, as its docstring has it."""
    docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8")))
    assert docstring is not None and "Invariant: " in docstring
    invariant = re.split(r"[.:;]\s| \(", flat(docstring.partition("Invariant: ")[2]) + " ")[0]
    assert f"**Invariant:** {invariant}" in flat(ARCHITECTURE)


def test_files_that_are_named_exist() -> None:
    named = set(re.findall(r"`([\w./]+(?:\.py|/))`", without_blocks(ARCHITECTURE))) - {"src/"}
    planned = set(re.findall(r"a layer `(\w+/)`", ARCHITECTURE))
    folders = [ROOT, PACKAGE, *packages()]
    missing = {name for name in named if not any((folder / name).exists() for folder in folders)}
    assert len(named) > 40
    assert missing == planned


def test_the_architecture_is_short() -> None:
    assert len(ARCHITECTURE.encode()) <= 15_000


def test_names_of_code_exist() -> None:
    folders = [PACKAGE, *packages(), ROOT / "tests"]
    source = "\n".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("*.py"))
    words = set(re.findall(r"\w+", source))
    named = re.findall(r"`([A-Z]\w+(?:\.\w+)?|[a-z]+_\w+)(?:\([^`]*\))?`", ARCHITECTURE)
    parts = {part for name in named for part in name.split(".")} - {"py"}
    assert len(parts) > 30
    assert sorted(parts - words) == []


def test_the_finding_that_is_followed_passes_the_functions_that_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Functions are named with their module, methods with their class."""
    _, _, section = ARCHITECTURE.partition("## One finding")
    section, _, _ = section.partition("\n## ")
    named = re.findall(r"`(\w+)\.(_?[a-z]\w+)`", section)
    modules = {path.stem for folder in [PACKAGE, *packages()] for path in folder.glob("*.py")}
    functions = {(owner, name) for owner, name in named if owner in modules and name != "py"}
    methods = {name for owner, name in named if not owner.islower()}
    assert len(functions) > 15 and len(methods) > 5
    codes: dict[int, CodeType] = {}

    def note(frame: FrameType, event: str, argument: object) -> None:
        codes[id(frame.f_code)] = frame.f_code  # by identity: to hash one takes long

    monkeypatch.chdir(PACKAGE / "blog" / "pitfalls")
    sys.setprofile(note)
    try:
        flake8_main(
            ["--isolated", "--select=AFA301", "-j1", f"--afa-cache-dir={tmp_path}", "app/routers/comments.py"]
        )
    finally:
        sys.setprofile(None)
    assert "app/routers/comments.py:30:" in capsys.readouterr().out.replace("\\", "/")
    own = [code for code in codes.values() if code.co_filename.startswith(str(PACKAGE))]
    called = {(Path(code.co_filename).stem, code.co_name) for code in own}
    assert functions - called == set()
    assert methods - {name for _, name in called} == set()


# --- all documents ---------------------------------------------------------------------


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", without_blocks(document.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@every_document
def test_links_lead_somewhere(document: Path) -> None:
    broken = []
    # brackets within code, as in f[x](y), are no link
    text = re.sub(r"`[^`\n]+`", "code", without_blocks(document.read_text(encoding="utf-8")))
    for link in LINK.finditer(text):
        target, _, anchor = link["target"].partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        path = document.parent / target if target else document
        if not path.exists() or (anchor and anchor not in anchors(path)):
            broken.append(link["target"])
    assert broken == []


@every_document
def test_no_paths_of_a_machine(document: Path) -> None:
    lines = document.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if MACHINE_PATH.search(line)] == []


@pytest.mark.parametrize(
    "text", ["see /home/ann/x", "`/tmp/x`", "(/opt/a/b)", r"C:\x", "cd /work/main", '"/Users/ann/x"']
)
def test_what_is_a_path_of_a_machine(text: str) -> None:
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize(
    "text", ["tests/work/x", "~/opt/x", "GET /users/1", "https://a.org/home/x", "./var/x"]
)
def test_what_is_no_path_of_a_machine(text: str) -> None:
    assert not MACHINE_PATH.search(text)


def test_the_site_has_all_documents() -> None:
    named = re.findall(r'= "([\w/-]+\.md)"', (ROOT / "zensical.toml").read_text(encoding="utf-8"))
    folder = ROOT / "docs"
    assert sorted(named) == sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))


def test_index_of_documents_is_complete() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / link["target"].partition("#")[0]).resolve()
        for link in LINK.finditer(index.read_text(encoding="utf-8"))
    }
    assert sorted(set((ROOT / "docs").rglob("*.md")) - linked - {index}) == []


# --- the changelog ---------------------------------------------------------------------


def test_fragments_are_of_known_kinds() -> None:
    """A fragment of another kind would be left out of the changelog without a word."""
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    kinds = set(re.findall(r'\[\[tool\.towncrier\.type\]\]\ndirectory = "(\w+)"', settings))
    assert "rule" in kinds
    fragments = {path for path in (ROOT / "changelog.d").iterdir() if not path.name.startswith(".")}
    fragments -= {ROOT / "changelog.d" / name for name in ("README.md", "template.md.jinja")}
    for path in fragments:
        assert re.fullmatch(rf"[\w.-]+\.({'|'.join(sorted(kinds))})\.md", path.name), path.name
        assert path.read_text(encoding="utf-8").strip(), path.name
    table = (ROOT / "changelog.d" / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == kinds


def test_changelog_has_the_place_for_the_next_version() -> None:
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    start = re.search(r'^start_string = "(.*)\\n"$', settings, re.MULTILINE)
    assert start is not None
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert changelog.count(f"{start[1]}\n") == 1


def test_version_is_in_the_changelog_once_it_is_released() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## (\d+\.\d+\.\d+) ", changelog, re.MULTILINE)
    assert released == sorted(released, key=lambda text: tuple(map(int, text.split("."))), reverse=True)
    assert not released or released[0] == flake8_async_fastapi.__version__
