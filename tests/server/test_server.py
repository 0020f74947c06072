"""The language server, as an editor talks with it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra 'server' is not installed")
pytest.importorskip("pytest_lsp", reason="pytest-lsp is not installed")

from lsprotocol import types
from server.projects import REPOSITORY, ROUTES, write_project
from server.sessions import Session, run_session

pytestmark = pytest.mark.slow

@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")


def test_an_edit_breaks_another_open_file_and_mends_it(project: Path) -> None:
    async def play(session: Session) -> None:
        session.open("app/routes.py")
        session.open("app/repository.py")
        await session.codes("app/routes.py", [])
        await session.codes("app/repository.py", [])

        session.replace("app/repository.py", ".options(selectinload(Post.author))", "")
        (finding,) = await session.codes("app/routes.py", ["AFA303"])
        assert finding.severity == types.DiagnosticSeverity.Error
        assert finding.source == "flake8-async-fastapi"
        assert finding.code_description is not None
        assert finding.code_description.href.endswith("AFA303.md")
        others = [one.location for one in finding.related_information or ()]
        places = [(other.uri, other.range.start.line) for other in others]
        # the query, and the field of the schema that reads the attribute
        assert places == [(session.uri("app/repository.py"), 9), (session.uri("app/routes.py"), 24)]

        session.replace("app/repository.py", "select(Post)", "select(Post")  # broken while it is typed
        session.replace("app/routes.py", "import time\n", "import time\nimport os\n")
        await session.codes("app/routes.py", ["AFA303"])
        session.replace("app/repository.py", "select(Post", "select(Post).options(selectinload(Post.author))")
        await session.codes("app/routes.py", [])

    run_session(project, play)


def test_a_buffer_that_does_not_parse_keeps_what_was_said(project: Path) -> None:
    async def play(session: Session) -> None:
        session.open("app/routes.py", ROUTES.replace("post = await", "time.sleep(1)\n    post = await"))
        await session.codes("app/routes.py", ["AFA203"])
        session.replace("app/routes.py", "return post", "return (post")
        session.open("app/repository.py")
        await session.codes("app/repository.py", [])  # the check after the edit is done
        await session.codes("app/routes.py", ["AFA203"])
        session.replace("app/routes.py", "time.sleep(1)\n    ", "")
        session.replace("app/routes.py", "return (post", "return post")
        await session.codes("app/routes.py", [])
        session.close("app/routes.py")

    run_session(project, play)


def test_hovers_say_what_is_loaded(project: Path) -> None:
    async def play(session: Session) -> None:
        session.open("app/repository.py", REPOSITORY.replace(".options(selectinload(Post.author))", ""))
        session.open("app/routes.py")
        await session.codes("app/routes.py", ["AFA303"])
        said = await session.hover("app/repository.py", "select(Post)")
        assert "selects Post, does not load author" in said
        assert "does not load author" in await session.hover("app/repository.py", "statement))")
        said = await session.hover("app/routes.py", "post\n")
        assert "missing: author" in said
        assert "from the query at app/repository.py:10" in said
        assert "AsyncSession" in await session.hover("app/routes.py", "session)\n")
        assert await session.hover("app/routes.py", "import time") == ""

    run_session(project, play)


def test_actions_explain_and_suppress(project: Path) -> None:
    async def play(session: Session) -> None:
        path = "app/routes.py"
        session.open(path, ROUTES.replace("post = await", "time.sleep(1)\n    post = await"))
        found = await session.codes(path, ["AFA203"])
        document = types.TextDocumentIdentifier(session.uri(path))
        context = types.CodeActionContext(found)
        asked = types.CodeActionParams(document, found[0].range, context)
        actions = await session.client.text_document_code_action_async(asked)
        titles = {action.title: action for action in actions or ()}
        suppress = titles["Suppress AFA203 on this line"]
        assert isinstance(suppress, types.CodeAction) and suppress.edit is not None
        ((uri, (edit,)),) = (suppress.edit.changes or {}).items()
        assert (uri, edit.new_text) == (session.uri(path), "  # noqa: AFA203")
        line = session.texts[path].split("\n")[edit.range.start.line]
        assert edit.range.start == edit.range.end and edit.range.start.character == len(line)
        session.replace(path, line, line + edit.new_text)
        await session.codes(path, [])

        assert "Explain AFA203 (blocking-sleep)" in titles
        command = types.ExecuteCommandParams("flake8-async-fastapi.explain", ["AFA203"])
        await session.client.workspace_execute_command_async(command)
        shown = session.client.shown_documents
        assert [one.uri.endswith("AFA203.md") for one in shown] == [True]

    run_session(project, play)


def test_an_action_mends(project: Path) -> None:
    pytest.importorskip("libcst", reason="the extra 'fix' is not installed")

    async def play(session: Session) -> None:
        path = "app/routes.py"
        broken = "x = '\N{GRINNING FACE}'; session.commit()"
        session.open(path, ROUTES.replace("post = await", f"{broken}\n    post = await"))
        found = await session.codes(path, ["AFA101"])
        document = types.TextDocumentIdentifier(session.uri(path))
        asked = types.CodeActionParams(document, found[0].range, types.CodeActionContext(found))
        actions = await session.client.text_document_code_action_async(asked)
        (fix,) = (action for action in actions or () if action.title == "Fix AFA101")
        assert isinstance(fix, types.CodeAction) and fix.edit is not None and fix.is_preferred
        ((uri, (edit,)),) = (fix.edit.changes or {}).items()
        begin, line = edit.range.start, session.texts[path].split("\n")[edit.range.start.line]
        before = line.encode("utf-16-le")[: 2 * begin.character].decode("utf-16-le")
        assert (uri, edit.range.end, edit.new_text) == (session.uri(path), begin, "await ")
        session.replace(path, line, before + edit.new_text + line[len(before) :])
        assert broken.replace("session", "await session") in session.texts[path]
        await session.codes(path, [])

    run_session(project, play)


def test_the_configuration_is_that_of_check(project: Path) -> None:
    async def play(session: Session) -> None:
        session.open("app/routes.py", ROUTES.replace("post = await", "time.sleep(1)\n    post = await"))
        await session.codes("app/routes.py", [])
        (session.root / "setup.cfg").write_text("[flake8]\n", encoding="utf-8")
        changed = [types.FileEvent(session.uri("setup.cfg"), types.FileChangeType.Changed)]
        session.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changed))
        await session.codes("app/routes.py", ["AFA203"])

    (project / "setup.cfg").write_text("[flake8]\nextend-ignore = AFA203\n", encoding="utf-8")
    run_session(project, play)


def test_a_configuration_that_is_of_no_use_is_told(project: Path) -> None:
    async def play(session: Session) -> None:
        session.open("app/routes.py")
        await session.client.wait_for_notification(types.WINDOW_SHOW_MESSAGE)
        (message,) = session.client.messages
        assert "afa-nonsense" in message.message

    (project / "setup.cfg").write_text("[flake8]\nafa-nonsense = 1\n", encoding="utf-8")
    run_session(project, play)


def test_files_that_change_on_the_disk(project: Path) -> None:
    async def play(session: Session) -> None:
        session.open("app/routes.py")
        await session.codes("app/routes.py", [])
        text = REPOSITORY.replace(".options(selectinload(Post.author))", "")
        (session.root / "app/repository.py").write_text(text, encoding="utf-8")
        changed = [types.FileEvent(session.uri("app/repository.py"), types.FileChangeType.Changed)]
        session.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changed))
        await session.codes("app/routes.py", ["AFA303"])
        (session.root / "app/repository.py").unlink()
        session.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams(changed))
        await session.codes("app/routes.py", [])

    run_session(project, play)


def test_hints_of_what_a_response_reads(project: Path) -> None:
    async def play(session: Session) -> None:
        session.open("app/routes.py")
        await session.codes("app/routes.py", [])
        document = types.TextDocumentIdentifier(session.uri("app/routes.py"))
        everything = types.Range(types.Position(0, 0), types.Position(100, 0))
        asked = types.InlayHintParams(document, everything)
        (hint,) = await session.client.text_document_inlay_hint_async(asked) or ()
        assert hint.label == "PostRead reads Post.author"
        assert session.texts["app/routes.py"].split("\n")[hint.position.line].strip() == "return post"

    run_session(project, play, options={"inlayHints": True})


def test_a_request_that_fails_costs_one_answer(project: Path) -> None:
    async def play(session: Session) -> None:
        path = "app/routes.py"
        session.open(path, "# \N{GRINNING FACE}\n" + ROUTES)
        await session.codes(path, [])
        nowhere = types.TextDocumentIdentifier(session.uri("not/there.py"))
        begin = types.Position(5, 5)
        asked = types.CodeActionParams(nowhere, types.Range(begin, begin), types.CodeActionContext([]))
        with pytest.raises(Exception, match="No such file"):
            await session.client.text_document_code_action_async(asked)
        assert await session.client.text_document_hover_async(types.HoverParams(nowhere, begin)) is None
        session.replace(path, "post = await", "x = '\N{GRINNING FACE}'; time.sleep(1)\n    post = await")
        (finding,) = await session.codes(path, ["AFA203"])
        line = session.texts[path].split("\n")[finding.range.start.line]
        in_utf_16 = line.encode("utf-16-le")[2 * finding.range.start.character :].decode("utf-16-le")
        assert in_utf_16 == "time.sleep(1)"

    run_session(project, play)
