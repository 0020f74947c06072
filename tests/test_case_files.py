"""The reader of cases: blocks, marks, shared programs and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from case_files import Case, files_of_cases, read_cases, read_sections, read_shared

BLOG = "# A blog\n\n## The program `blog`\n\nText.\n\n`blog.py`:\n```python\nUSERS = []\n```\n"
CLIENT = "# A client\n\n## The program `client`\n\n`client.py`:\n```python\nURL = '/'\n```\n"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def read_one(folder: Path, under_heading: str, shared: dict[str, str] | None = None) -> Case:
    """The case that a file with one heading gives, beside shared programs."""
    texts = {"blog": BLOG, "client": CLIENT} if shared is None else shared
    write(folder, {f"shared/{name}.md": text for name, text in texts.items()})
    write(folder, {"AFA101.md": f"# Cases\n\n## A case\n\n{under_heading}"})
    [case] = read_cases(folder)
    return case


# --- blocks --------------------------------------------------------------------------


def test_a_block_is_main_unless_the_line_before_names_it() -> None:
    title, [section] = read_sections(
        "# Page\n## One\ntext\n```python\na = 1\n```\n`b.py`:\n```python\nb = 2\n```\n"
    )
    assert (title, section.title, section.prose) == ("Page", "One", ["text"])
    assert section.program.files == {"main.py": "a = 1\n", "b.py": "b = 2\n"}


def test_a_block_of_another_language_without_a_name_is_text() -> None:
    _, [section] = read_sections("## One\n```sh\nls\n```\n`page.html`:\n```html\n<p>\n```\n")
    assert section.program.files == {"page.html": "<p>\n"}


def test_a_program_is_run_if_one_of_its_blocks_says_so() -> None:
    _, [first, second] = read_sections(
        "## One\n```python run\n```\n`b.py`:\n```python\n```\n## Two\n```python\n```\n"
    )
    assert first.program.runs
    assert not second.program.runs


def test_a_program_is_reported_on_at_the_level_that_its_case_asks_for() -> None:
    _, [first, second] = read_sections("## One\nlevel: likely\n```python\n```\n## Two\n```python\n```\n")
    assert (first.program.level, second.program.level) == ("likely", "certain")
    with pytest.raises(ValueError, match="no level 'sure'; there are: certain, likely"):
        read_sections("## One\nlevel: sure\n")


def test_a_case_names_the_python_that_it_needs() -> None:
    _, [first, second] = read_sections("## One\nsince: Python 3.11\n```python\n```\n## Two\n```python\n```\n")
    assert (first.program.since, second.program.since) == ((3, 11), ())


def test_marks_are_read_by_their_word() -> None:
    _, [section] = read_sections(
        "## One\n```python\na  # AFA101 AFA105\nb  # missed AFA201\nc  # alarm AFA301\n```\n"
    )
    assert section.program.marks() == {("main.py", 1): frozenset({"AFA101", "AFA105"})}
    assert section.program.marks("missed") == {("main.py", 2): frozenset({"AFA201"})}
    assert section.program.marks("alarm") == {("main.py", 3): frozenset({"AFA301"})}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("```python\n```\n", "a block before the first heading"),
        ("## One\n```python\n", "a block that does not end"),
        ("## One\n```python\n```\n```python\n```\n", "One: main.py is given twice"),
        ("## One\n```python\na  # AFA101, surely\n```\n", "One: not a mark"),
    ],
)
def test_bad_blocks_are_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_sections(text)


def test_code_must_be_python() -> None:
    with pytest.raises(SyntaxError):
        read_sections("## One\n```python\ndef\n```\n")


# --- shared programs -----------------------------------------------------------------


def test_a_case_takes_the_files_of_a_shared_program(tmp_path: Path) -> None:
    case = read_one(tmp_path, "from: blog\n\n```python\nimport blog  # AFA101\n```\n")
    assert case.program.files == {"blog.py": "USERS = []\n", "main.py": "import blog  # AFA101\n"}
    assert case.program.marks() == {("main.py", 1): frozenset({"AFA101"})}


def test_a_case_takes_several_programs(tmp_path: Path) -> None:
    case = read_one(tmp_path, "from: blog, client\n\n```python\n```\n")
    assert list(case.program.files) == ["blog.py", "client.py", "main.py"]


def test_a_block_replaces_the_shared_file_of_its_name(tmp_path: Path) -> None:
    case = read_one(tmp_path, "from: blog\n\n`blog.py`:\n```python\nUSERS = [1]\n```\n")
    assert case.program.files == {"blog.py": "USERS = [1]\n"}


def test_a_case_without_the_line_takes_nothing(tmp_path: Path) -> None:
    assert read_one(tmp_path, "```python\n```\n").program.files == {"main.py": ""}


def test_the_line_counts_inside_of_code_as_code(tmp_path: Path) -> None:
    case = read_one(tmp_path, "`notes.txt`:\n```\nfrom: blog\n```\n")
    assert case.program.files == {"notes.txt": "from: blog\n"}


@pytest.mark.parametrize("mark", ["", " run"])
def test_the_case_says_whether_it_is_run(tmp_path: Path, mark: str) -> None:
    case = read_one(tmp_path, f"from: blog\n\n```python{mark}\n```\n")
    assert case.program.runs is bool(mark)


@pytest.mark.parametrize("names", ["models", "blog, models", "blog,", ""])
def test_unknown_programs_are_refused(tmp_path: Path, names: str) -> None:
    with pytest.raises(ValueError, match="A case: no shared program '(models)?'; there are: blog, client"):
        read_one(tmp_path, f"from: {names}\n\n```python\n```\n")


def test_pages_without_shared_programs_cannot_take_one() -> None:
    _, [section] = read_sections("## One\n\nfrom: blog\n\n```python\n```\n")
    with pytest.raises(ValueError, match="One: no shared program 'blog'; there are: none"):
        _ = section.program


def test_two_shared_programs_with_the_same_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="A case: two shared programs have blog.py"):
        read_one(tmp_path, "from: blog, other\n", {"blog": BLOG, "other": BLOG})


@pytest.mark.parametrize("mark", ["AFA101", "missed AFA101", "alarm AFA101"])
def test_marks_in_shared_programs_are_refused(tmp_path: Path, mark: str) -> None:
    marked = BLOG.replace("USERS = []", f"USERS = []  # {mark}")
    with pytest.raises(ValueError, match="blog.md: a shared program has no marks"):
        read_one(tmp_path, "from: blog\n", {"blog": marked})


def test_shared_programs_are_not_marked_to_be_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="blog.md: a case says whether it is run"):
        read_one(tmp_path, "from: blog\n", {"blog": BLOG.replace("```python", "```python run")})


@pytest.mark.parametrize(
    "text", ["# Nothing\n", "# A\n## B\ntext\n", BLOG + "## Two\n", BLOG + "\nfrom: client\n"]
)
def test_a_shared_program_has_one_heading_and_files_of_its_own(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"bad.md": text})
    with pytest.raises(ValueError, match="bad.md: a shared program has one heading"):
        read_shared(tmp_path)


# --- folders -------------------------------------------------------------------------


def test_the_source_is_the_file_or_its_folder(tmp_path: Path) -> None:
    case = "# Cases\n\n## {}\n\n```python\n```\n"
    files = {
        "AFA101.md": case.format("one"),
        "AFA301/branches.md": case.format("two"),
        "names.md": case.format("three"),
    }
    found = read_cases(write(tmp_path, files))
    assert {case.id for case in found} == {"AFA101: one", "AFA301: two", "names: three"}


def test_the_index_and_shared_programs_are_no_cases(tmp_path: Path) -> None:
    write(tmp_path, {"README.md": "# Index\n\n## How\n", "shared/blog.md": BLOG, "names.md": "## A\n"})
    assert files_of_cases(tmp_path) == [tmp_path / "names.md"]
    assert [case.title for case in read_cases(tmp_path)] == ["A"]
