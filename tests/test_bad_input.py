"""Whatever a project holds: no traceback, and the findings of all other files."""

from __future__ import annotations

import logging
import os
import sys
import time
from pathlib import Path

import pytest
from flake8_runs import RunFlake8, write_files

from flake8_async_fastapi.analysis import analysis_of
from flake8_async_fastapi.faults import LOG

GOOD = {
    "pyproject.toml": "",
    "good.py": "async def notify():\n    return 1\n",
    "main.py": "from good import notify\n\n\nasync def run():\n    notify()\n",
}
FOUND = {("main.py", 5, "AFA105")}


def nested(opening: str, depth: int, innermost: str) -> str:
    """Blocks in blocks."""
    return "".join(f"{' ' * level}{opening}\n" for level in range(depth)) + f"{' ' * depth}{innermost}\n"


UNREADABLE: dict[str, bytes] = {
    "not UTF-8": b"name = 'caf\xe9'\n",
    "wrong cookie": b"# -*- coding: ascii -*-\nname = '\xc3\xa9'\n",
    "unknown cookie": b"# -*- coding: klingon -*-\nx = 1\n",
    "mark and another cookie": b"\xef\xbb\xbf# -*- coding: latin-1 -*-\nx = 1\n",
    "null byte": b"x = 1\n\0\n",
    "null byte in a string": b"x = 'a\0b'\n",
    "UTF-16": "x = 1\n".encode("utf-16"),
    "binary": bytes(range(256)) * 20,
    "does not parse": b"def f(:\n    pass\n",
    "unfinished": b"def f():\n    x = (1,\n",
    "tabs and spaces": b"if x:\n\ty = 1\n        z = 2\n",
    "Python 2": b"print 'hello'\ntry:\n    pass\nexcept E, e:\n    raise E, 'x'\n",
    "await outside": b"x = = await f()\n",
    "blocks too deep": nested("if x:", 1_000, "pass").encode(),
    "parentheses too deep": b"x = " + b"(" * 1_000 + b"1" + b")" * 1_000 + b"\n",
    "conflict marks": b"<<<<<<< HEAD\nx = 1\n=======\nx = 2\n>>>>>>> other\n",
}
READABLE: dict[str, bytes] = {
    "empty": b"",
    "only blanks": b" \n\t\n\n",
    "only comments": b"# nothing\n# here",
    "no end of line": b"x = 1",
    "byte order mark": b"\xef\xbb\xbfx = 1\n",
    "latin-1 cookie": b"# -*- coding: latin-1 -*-\nname = 'caf\xe9'\n",
    "CRLF": b"def f():\r\n    return 1\r\n",
    "CR": b"x = 1\ry = 2\r",
    "mixed line ends": b"x = 1\r\ny = 2\nz = 3\r",
    "form feed": b"x = 1\n\x0c\ndef f():\n    return 1\n\x0c",
    "other separators": "x = '\x1c\x1d\x85\u2028'\n".encode(),
    "names of all scripts": "größe = 1\n变量 = größe\n".encode(),
    "lone surrogates": b"x = '\\ud800'\ny = {'\\udfff': f'\\ud800{x}'}\nx.y('\\ud800')\n",
    "huge numbers": b"x = 10 ** 10_000\ny = 0x" + b"f" * 3_000 + b"\nz = 1e999, -1e999, 1e999j\n",
    "odd constants": b"x = ..., None, b'\\x00\\xff', 1j, '\\0', True\nx[...]\n",
    "keys that are no text": b"x = {None: 1, 2: 3, **y}\nx.get(None)\nx.pop(2)\nx.setdefault(b'')\n",
    "huge string": b"x = '" + b"a" * 1_000_000 + b"'\n",
    "long line": b"x = [" + b", ".join(b"f(%d)" % i for i in range(3_000)) + b"]\n",
    "big display": b"x = {" + b", ".join(b"%d: 'n%d'" % (i, i) for i in range(2_000)) + b"}\n",
    "walrus": b"if (n := len(x)) > 1 and [y := n, y**2]:\n    print(n)\n",
    "match": b"match x:\n    case {'a': [1, *r], **k} | C(b=2) as z if z:\n        pass\n"
    b"    case _:\n        pass\n",
    "async comprehension": b"async def f(a):\n"
    b"    return [x async for x in a if await x], {y: z async for y, z in a}\n",
    "top-level await": b"async def f():\n    pass\n\nlambda: (yield)\n",
    "nested parentheses": b"x = " + b"(" * 150 + b"1" + b")" * 150 + b"\n",
    "nested lists": b"x = " + b"[" * 90 + b"1" + b"]" * 90 + b"\n",
    "nested ifs": nested("if x:", 90, "pass").encode(),
    "nested functions": nested("async def f():", 90, "pass").encode(),
    "nested classes": nested("class C:", 90, "x = 1").encode(),
    "nested loops": nested("for x in y:", 18, "x()").encode(),
    "nested with": nested("with x as y:", 18, "y()").encode(),
    "nested lambdas": b"x = " + b"lambda: " * 90 + b"1\n",
    "nested comprehensions": b"x = " + b"[" * 60 + b"1" + b" for x in y]" * 60 + b"\n",
    "many elifs": b"if a:\n    pass\n" + b"".join(b"elif a == %d:\n    f()\n" % i for i in range(150)),
    "chain of attributes": b"x = a" + b".b" * 150 + b"\n",
    "chain of calls": b"x = a" + b".b()" * 70 + b"\n",
    "long sum": b"x = " + b" + ".join([b"1"] * 150) + b"\n",
    "many decorators": b"@d\n" * 300 + b"def f(): pass\n",
    "imports itself": b"import sys\nfrom . import *\nfrom .. import x\nfrom ....... import y\n",
    "star of what is not there": b"from nowhere import *\nfrom nowhere.at.all import *\nx = y.z\n",
}
# flake8 itself gives up on these, with or without this plugin.
TOO_DEEP_FOR_OTHERS: dict[str, bytes] = {
    "cookie that is no text encoding": b"# -*- coding: rot13 -*-\nx = 1\n",
    "chain of 1,000 attributes": b"x = a" + b".b" * 1_000 + b"\n",
    "chain of 1,000 calls": b"x = a" + b".b()" * 1_000 + b"\n",
    "1,000 elifs": b"if a:\n    pass\n" + b"".join(b"elif a == %d:\n    f()\n" % i for i in range(1_000)),
    "sum of 1,000": b"x = " + b" + ".join([b"1"] * 1_000) + b"\n",
    "sum of 5,000": b"x = " + b" + ".join([b"1"] * 5_000) + b"\n",
    "strings": b"x = " + b" + ".join([b"'a'"] * 3_000) + b"\n",
    "signs": b"x = " + b"-" * 900 + b"1\n",
    "choices": b"x = " + b"1 if a else " * 500 + b"2\n",
    "subscripts": b"x = a" + b"[0]" * 900 + b"\n",
    "negations": b"x = " + b"not " * 900 + b"1\n",
}
if sys.version_info >= (3, 11):
    READABLE["except*"] = b"try:\n    f()\nexcept* ValueError as e:\n    print(e)\n"
(READABLE if sys.version_info >= (3, 12) else UNREADABLE).update({
    "type parameters": b"class C[T]:\n    def f[*A, **P](self, x: T) -> T: return x\n",
    "type statement": b"type X[T] = list[X[T]] | T\ndef f(x: X): x.y()\n",
    "nested f-strings": b"x = f\"{f\"{x[\"a\"]}\"}\"\n",
})  # fmt: skip
(READABLE if sys.version_info >= (3, 14) else UNREADABLE)["template string"] = b"x = t'{a}'\n"

# What goes round in circles: all on its own, never in the file of another.
CIRCLES: dict[str, str] = {
    "assigned to itself": "x = x\nx()\nx.y\nx += x\n",
    "aliases of each other": "A = B\nB = A\nA()\nB.c()\ndef f(a: A): a.b()\n",
    "annotated aliases": "from typing import Annotated\nA = Annotated['B', 1]\nB = Annotated['A', 2]\n"
    "async def f(a: A, b: 'B'):\n    a.b()\n    await b\n",
    "typed aliases": "A: 'B' = B\nB: 'A' = A\nA()\n",
    "annotated with itself": "x: 'x' = x\ndef f(y: 'y'): y.z()\ndef g() -> 'g': return g()\ng().h()\n",
    "unions of themselves": "from typing import Optional, Union\nA = Optional['A']\n"
    "B = Union['A', 'B', None]\n"
    "def f(a: A, b: B):\n    a.x()\n    b.x()\n",
    "class of itself": "class A(A):\n    def f(self): return super().f()\nA().f().g\n",
    "classes of each other": "class A(B):\n    pass\nclass B(A):\n    pass\nA().x()\nB.y()\n"
    "super(A, B()).z()\n",
    "class of itself by an alias": "B = A\nclass A(B):\n    async def f(self): self.f()\n"
    "async def g(): A().g()\n",
    "class of its own subscript": "class A(A[int], B['A']):\n    x: 'A'\nA().x.x.x.y()\n",
    "class in itself": "class A:\n    a: 'A'\n    class A(A):\n        b = A\nA.A.A.b.a.a()\n",
    "class of its own call": "class A(A()):\n    pass\nA()()()\n",
    "metaclass of itself": "class A(type, metaclass=A):\n    def __call__(cls): return cls()\nA()()\n",
    "calls itself": "def f(): return f()\nf()\nasync def g(): await g()\nasync def h(): return h()\n",
    "call each other": "def f(x): return g(f)\ndef g(x): return f(g)\nf(g)(f)\n"
    "async def a(): return await b()\nasync def b(): return await a()\nasync def c(): (await a()).d()\n",
    "grows with each call": "def f(x): return f((x, x))\ndef g(x): return g([x]) or g({'a': x})\n"
    "f(1)\ng(2)\nasync def h(): await f(h())\n",
    "returns itself": "def f(): return f\nf()()()()\nasync def g(): return g\n"
    "async def h(): (await (await g())())()\n",
    "lambdas": "f = lambda: f()\nf()\ng = lambda x: x(x)\ng(g)\n(lambda x: x(x))(lambda x: x(x))\n",
    "given itself": "def f(g): return g(g)\nf(f)\nasync def a(b): return await b(b)\n"
    "async def c(): await a(a)\n",
    "decorates itself": "@f\ndef f(x): return f(x)\n@f\n@f\nasync def g(): g()\n@h\nclass h:\n"
    "    pass\nh()\n",
    "decorators of each other": "@b\ndef a(f): return b(f)\n@a\ndef b(f): return a(f)\n@a\n@b\n"
    "def c(): c()\n",
    "property of itself": "class A:\n    @property\n    def x(self): return self.x\n    @x.setter\n"
    "    def x(self, v): self.x = self.x\nasync def f(): A().x.x()\n",
    "attributes of each other": "class A:\n    def __init__(self):\n        self.a = self.b\n"
    "        self.b = self.a\n"
    "        self.c = A()\n    def f(self): self.c.c.c.a()\n",
    "class attributes of themselves": "class A:\n    x = A.x\n    y = [*A.z]\n    z: int = (A.y, A.x)\n"
    "async def f(a: A): await a.x(A.y.z)\n",
    "attribute hook": "class A:\n    def __getattr__(self, n): return getattr(self, n)\n"
    "    def __call__(self): return self()\n    def __enter__(self): return self\n"
    "with A() as a: a.b().c()()\n",
    "depends on itself": "from fastapi import Depends\ndef f(x=Depends(f)): x.y()\nf()\n"
    "class C:\n    def __init__(self, c: 'C' = Depends()): self.c = c\ndef g(c: C = Depends(C)): c.c.c.x()\n",
    "depend on each other": "from fastapi import Depends\ndef f(x=Depends(lambda: g)): return x\n"
    "def g(x=Depends(f)): return x\nasync def h(x=Depends(g)): x()\n",
    "awaits itself": "async def f():\n    x = f()\n    x = await x\n    while x:\n        x = f(x)\n"
    "        x = [x, f()]\n",
    "yields itself": "def f(): yield from f()\nasync def g():\n    async for x in g():\n        yield x\n"
    "for x in f(): x()\nasync def h(): [y async for y in g()]\n",
    "manager of itself": "from contextlib import asynccontextmanager, contextmanager\n@asynccontextmanager\n"
    "async def f():\n    async with f() as x:\n        yield x\n@contextmanager\ndef g():\n"
    "    with g() as x:\n        yield x\n"
    "async def h():\n    async with f() as a, g() as b: a.b(b)\n",
    "globals": "def f():\n    global f\n    f = f()\n    del f\n    nonlocal_ = f\ndef g():\n"
    "    def h():\n        nonlocal h\n"
    "        h = h()\n    h()\n",
    "container of itself": "x = []\nx.append(x)\nfor x in x:\n    for x in x: x()\ny = {'y': y}\n"
    "y['y']['y']()\na = b = a, b = a\n",
    "imports itself": "import circle\nfrom circle import circle, x\nfrom circle import *\nx = x\n"
    "circle.circle.circle()\n",
    "partial of itself": "from functools import partial\nf = partial(f, f)\nf()\n"
    "g = partial(partial, partial)\ng()()\n",
    "generic of itself": "from typing import Generic, TypeVar\nT = TypeVar('T', bound='T')\n"
    "class A(Generic[T]):\n    x: T\n    def f(self) -> 'A[A[T]]': return self.f()\n"
    "class B(A['B']):\n    pass\nB().f().x.x.f()\nA[A[A]]().x()\n",
}
CYCLES = {
    "star imports": {
        "a.py": "from b import *\nfrom c import *\nx = y\nx()\n",
        "b.py": "from c import *\nfrom a import *\ny = z\ny()\n",
        "c.py": "from a import *\nfrom c import *\nz = x\nz()\nw()\n",
    },
    "names": {
        "a.py": "from b import f\nasync def g(): f()\n",
        "b.py": "from c import f\nf()\n",
        "c.py": "from a import f\nf()\n",
    },
    "classes": {
        "a.py": "from b import B\nclass A(B):\n    async def f(self): self.g()\nA().f()\n",
        "b.py": "from a import A\nclass B(A):\n    async def g(self): self.f()\nB().g()\n",
    },
    "functions": {
        "a.py": "import b\nasync def f(): return await b.f()\n",
        "b.py": "import a\nasync def f(): return await a.f()\nasync def g(): (await f()).x()\n",
    },
    "packages": {
        "p/__init__.py": "from .p import p\nfrom . import p as q\nfrom p import *\n"
        "from .. import p as r\np.q()\n",
        "p/p.py": "from . import p\nfrom .p import p\nimport p.p.p\np.p.p()\n",
    },
    "aliases": {
        "a.py": "import b as a, a as b\nfrom b import x as x\na.b.a.x()\n",
        "b.py": "import a as b\nfrom a import x\nb.x()\n",
    },
    "bases by attributes": {
        "a.py": "import b\nclass A(b.A): pass\nclass A(A): pass\nA().f()\n",
        "b.py": "import a\nclass A(a.A): pass\nA.A.A().f()\n",
    },
}


def faults(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


def file_name(title: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in title) + "_.py"


def test_the_log_names_functions_that_take_too_long(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flake8_async_fastapi.engine.queries.MOST_STEPS", 2)
    text = "async def long():\n    x = 1\n    y = 2\n    z = 3\n\n\nasync def short():\n    x = 1\n"
    with caplog.at_level(logging.INFO, "flake8_async_fastapi"):
        assert analysis_of({"main.py": text}).findings("main.py") == []
    assert [record.getMessage() for record in caplog.records] == [
        "main.py: gave up on long, which takes too many steps: it may lack findings"
    ]


# Texts


def test_a_folder_of_bad_files(tmp_path: Path, flake8: RunFlake8) -> None:
    """All at once: none stops another, and what flake8 cannot read either, it says itself."""
    write_files(tmp_path, GOOD)
    for title, data in {**UNREADABLE, **READABLE}.items():
        if b"\0" not in data or sys.version_info >= (3, 11, 4):  # flake8 itself ends there before
            (tmp_path / file_name(title)).write_bytes(data)
    for title, text in CIRCLES.items():
        (tmp_path / f"circle_{file_name(title)}").write_text(text)
    for arguments in (["-j1"], ["-j2"], ["-j2", "-v"]):
        done = flake8(tmp_path, *arguments)
        others = {file_name(title) for title in UNREADABLE}
        found = {(path, line, code) for path, line, code in done.findings if path[:6] != "circle"}
        assert {finding for finding in found if finding[0] not in others} == FOUND
        assert "fault" not in done.errors
    # The last was verbose, and says which files were left out.
    assert f"{file_name('blocks too deep')} does not parse" not in flake8(tmp_path, "-j1").errors
    assert len({path for path, _, code in found if code.startswith("E9")}) > len(UNREADABLE) // 2


@pytest.mark.parametrize("title", [*UNREADABLE, *READABLE, *TOO_DEEP_FOR_OTHERS])
def test_text(title: str, caplog: pytest.LogCaptureFixture) -> None:
    data = {**UNREADABLE, **READABLE, **TOO_DEEP_FOR_OTHERS}[title]
    texts = {name: text for name, text in GOOD.items() if name.endswith(".py")}
    texts["bad.py"] = data.decode("latin-1")
    texts["main.py"] = f"from bad import *\nimport bad\n{texts['main.py']}"
    begun = time.process_time()
    analysis = analysis_of(texts)
    analysis.findings("bad.py")
    assert [finding.code for finding in analysis.findings("main.py")] == ["AFA105"]
    found = faults(caplog)
    if sys.version_info[:2] == (3, 12) and title in TOO_DEEP_FOR_OTHERS:
        # Python 3.12 has a limit of its own for nested calls in C, which no setting lifts
        found = [fault for fault in found if fault != "bad.py could not be read: it nests too deep"]
    assert found == []
    assert time.process_time() - begun < 20


@pytest.mark.parametrize("title", CIRCLES)
def test_circle(title: str, caplog: pytest.LogCaptureFixture) -> None:
    circle = analysis_of({"circle.py": CIRCLES[title], "user.py": f"from circle import *\n{CIRCLES[title]}"})
    begun = time.process_time()
    circle.findings("circle.py")
    circle.findings("user.py")
    assert faults(caplog) == []
    assert time.process_time() - begun < 10


@pytest.mark.parametrize("title", CYCLES)
def test_cycle_of_files(title: str, caplog: pytest.LogCaptureFixture) -> None:
    files = CYCLES[title]
    together = analysis_of({**files, **GOOD})
    found = {name: together.findings(name) for name in [*files, "main.py"]}
    assert [finding.code for finding in found["main.py"]] == ["AFA105"]
    assert faults(caplog) == []
    for name in files:  # whoever is asked first
        assert analysis_of({**files, **GOOD}).findings(name) == found[name]


def test_ten_thousand_functions(caplog: pytest.LogCaptureFixture) -> None:
    text = "async def g(): ...\n" + "".join(f"async def f{i}(a):\n    g()\n" for i in range(10_000))
    begun = time.process_time()
    assert len(analysis_of({"main.py": text}).findings("main.py")) == 10_000
    assert faults(caplog) == []
    assert time.process_time() - begun < 15


def test_long_chain_of_calls(caplog: pytest.LogCaptureFixture) -> None:
    text = "".join(f"async def f{i}():\n    return await f{i + 1}()\n" for i in range(150))
    analysis_of({"main.py": f"{text}async def f150():\n    f149()\n"}).findings("main.py")
    assert faults(caplog) == []


SOURCES = sorted(Path(os.__file__).parent.glob("*.py"))[::20]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_real_code(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Code that nobody wrote for this: a sample of the standard library, which has no such bugs."""
    assert analysis_of({"main.py": path.read_text(encoding="utf-8")}).findings("main.py") == []
    assert faults(caplog) == []


# Files and folders


def test_files_that_cannot_be_read(tmp_path: Path, flake8: RunFlake8) -> None:
    write_files(tmp_path, {**GOOD, "folder.py/inner.py": "import folder\n"})
    (tmp_path / "nowhere.py").symlink_to(tmp_path / "missing.py")
    (tmp_path / "itself.py").symlink_to(tmp_path / "itself.py")
    (tmp_path / "ping.py").symlink_to(tmp_path / "pong.py")
    (tmp_path / "pong.py").symlink_to(tmp_path / "ping.py")
    (tmp_path / "up").symlink_to(tmp_path, target_is_directory=True)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.txt")
        (tmp_path / "secret.py").write_text("x = 1\n")
        (tmp_path / "secret.py").chmod(0)  # a superuser reads it all the same
    done = flake8(tmp_path, "main.py", "good.py", "-j1")
    assert (done.findings, done.errors) == (FOUND, "")
    found = {finding for finding in flake8(tmp_path).findings if not finding[2].startswith("E9")}
    assert found >= FOUND
    assert flake8(tmp_path, "up/main.py").findings == {("up/main.py", 5, "AFA105")}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_named_pipe_does_not_hang(tmp_path: Path, flake8: RunFlake8) -> None:
    write_files(tmp_path, GOOD)
    os.mkfifo(tmp_path / "pipe.py")
    assert flake8(tmp_path, "main.py").findings == FOUND


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text here")
def test_file_name_that_is_no_text(tmp_path: Path, flake8: RunFlake8) -> None:
    write_files(tmp_path, GOOD)
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text("x = 1\n")
    assert flake8(tmp_path, "main.py", "good.py").findings == FOUND


@pytest.mark.parametrize("name", ["good.py", "main.py"])
def test_file_that_vanishes_while_it_is_read(tmp_path: Path, flake8: RunFlake8, name: str) -> None:
    """Between listing and reading, and between reading by the plugin and by flake8."""
    write_files(tmp_path, {**GOOD, "other.py": "async def f(): ...\nasync def g(): f()\n"})
    before = f"""
import os
from flake8_async_fastapi.store import sources
listing = sources.python_files
def and_gone(*arguments, **more):
    found = listing(*arguments, **more)
    if os.path.exists({name!r}):
        os.unlink({name!r})
    return found
sources.python_files = and_gone
"""
    done = flake8(tmp_path, "-j1", "-v", before=before)
    assert {finding for finding in done.findings if not finding[2].startswith("E9")} == {
        ("other.py", 2, "AFA105")
    }
    assert "fault" not in done.errors


def test_file_that_changes_after_it_was_read(tmp_path: Path, flake8: RunFlake8) -> None:
    """The text that flake8 hands over counts."""
    write_files(tmp_path, GOOD)
    before = """
from flake8_async_fastapi.plugin import Plugin
run = Plugin.run
def later(self):
    if "main" in self.filename:
        self.lines = ["import good\\n", "async def f():\\n", "    good.notify()\\n"]
    return run(self)
Plugin.run = later
"""
    assert flake8(tmp_path, "-j1", before=before).findings == {("main.py", 3, "AFA105")}


@pytest.mark.parametrize("root", ["nowhere", "good.py", "./no/where", "~nobody-of-this-name/x"])
def test_configured_root_that_is_none(tmp_path: Path, flake8: RunFlake8, root: str) -> None:
    write_files(tmp_path, GOOD)
    for arguments in (["-j1"], ["-j2"], ["main.py"], ["-"]):
        text = "x = 1\n" if arguments == ["-"] else None
        done = flake8(tmp_path, f"--afa-root={root}", *arguments, text=text)
        assert done.status == 1
        assert "the configured project root is not a directory" in "".join(done.lines)
        assert done.errors == ""


def test_names_of_libraries(tmp_path: Path, flake8: RunFlake8) -> None:
    """A project's own ``typing.py`` does not disturb the linter, which runs none of it."""
    stolen = "raise SystemExit('run by the linter')\n"
    names = [
        "requests",
        "typing",
        "fastapi",
        "asyncio",
        "builtins",
        "sqlalchemy",
        "astroid",
        "msgspec",
        "ast",
        "re",
    ]
    lib = {f"lib/{name}.py": stolen for name in names}
    write_files(tmp_path, {**GOOD, **{f"{name}.py": stolen for name in names}, **lib})
    (tmp_path / "lib/fastapi.py").write_text(
        "from fastapi import *\nimport fastapi\nfastapi.Depends(fastapi)\n"
    )
    # ``python -m`` would put the folder on the path; the command that users run does not
    done = flake8(tmp_path, "-j2", before="sys.path[:] = [p for p in sys.path if p]")
    assert done.findings == FOUND


def test_two_files_of_one_name(tmp_path: Path, flake8: RunFlake8) -> None:
    services = {
        "one/good.py": GOOD["good.py"],
        "one/main.py": GOOD["main.py"],
        "two/good.py": "def notify(): ...\n",
        "two/main.py": GOOD["main.py"],
        "three/main.py": GOOD["main.py"],  # which of the two it means, nobody knows
        "one/good/x.py": "",
    }
    write_files(tmp_path, {"pyproject.toml": "", **services})
    assert flake8(tmp_path).findings == {("one/main.py", 5, "AFA105")}


def test_names_of_folders(tmp_path: Path, flake8: RunFlake8) -> None:
    for name in ("with space", "größe", "日本語", "a.b", "x.py", "-j", "100%", "[x]", "it's", "#1", "$HOME"):
        folder = tmp_path / name
        write_files(folder, GOOD)
        assert flake8(folder).findings == FOUND
    found = {finding for finding in flake8(tmp_path, "./").findings if finding[0].endswith("/main.py")}
    assert len(found) == 11


def test_deep_folders(tmp_path: Path, flake8: RunFlake8) -> None:
    deep = "/".join(["d"] * 150)
    write_files(
        tmp_path, {**GOOD, f"{deep}/x.py": "from good import notify\n\n\nasync def f():\n    notify()\n"}
    )
    assert flake8(tmp_path).findings == FOUND | {(f"{deep}/x.py", 5, "AFA105")}


def test_nothing_to_lint(tmp_path: Path, flake8: RunFlake8) -> None:
    assert flake8(tmp_path).lines == []
    assert flake8(tmp_path, "-j4").lines == []
    assert flake8(tmp_path, "-", text="").lines == []
    missing = flake8(tmp_path, "missing.py")
    assert [line.split()[1] for line in missing.lines] == ["E902"]


# Faults of our own

IN_A_RULE = """
from flake8_async_fastapi.rules import model
rules = model.catalogue()
def bad(events):
    if events.all and events.all[0].path == "main.py":
        raise {error}
    return iter(())
model.catalogue = lambda: ((rules[0][0], bad), *rules)
"""
IN_THE_EXTRACTOR = """
from flake8_async_fastapi import extract
right = extract.extract
def wrong(text):
    if "from good" in text:
        raise {error}
    return right(text)
extract.extract = wrong
"""
IN_THE_LINKER = """
from flake8_async_fastapi.project import project
def wrong(facts, requirements):
    raise {error}
project.link = wrong
"""
ERRORS = [
    "ValueError('injected')",
    "KeyError(1)",
    "AssertionError",
    "MemoryError()",
    "OSError(5, 'injected')",
]


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("place", [IN_A_RULE, IN_THE_EXTRACTOR], ids=["rule", "extractor"])
def test_fault_costs_one_file(tmp_path: Path, flake8: RunFlake8, place: str, error: str) -> None:
    write_files(tmp_path, {**GOOD, "other.py": "import good\nasync def f(): good.notify()\n"})
    before = place.format(error=error)
    done = flake8(tmp_path, "-j1", before=before)
    assert done.findings == {("other.py", 2, "AFA105"), ("main.py", 1, "AFA001")}
    assert done.errors == ""


@pytest.mark.parametrize("place", [IN_A_RULE, IN_THE_EXTRACTOR], ids=["rule", "extractor"])
@pytest.mark.parametrize("jobs", ["-j1", "-j2"])
def test_fault_is_told_to_whoever_asks(tmp_path: Path, flake8: RunFlake8, place: str, jobs: str) -> None:
    write_files(tmp_path, {**GOOD, "other.py": "x = 1\n"})
    before = place.format(error="ValueError('injected')")
    log = tmp_path / "log.txt"
    for _ in range(2):  # nothing that rests on a fault is kept: the next run tells it, too
        assert flake8(tmp_path, "-v", jobs, f"--output-file={log}", before=before).errors == ""
        told = log.read_text()
        assert "main.py could not be" in told and "ValueError: injected" in told
        log.unlink()
    assert flake8(tmp_path).findings == FOUND


def test_fault_in_a_spawned_worker_is_told(tmp_path: Path, flake8: RunFlake8) -> None:
    """It has none of what the parent was told; its own reading of the options opens the log."""
    write_files(tmp_path, {**GOOD, "other.py": "x = 1\n"})
    log = tmp_path / "log.txt"
    before = """
import multiprocessing
multiprocessing.set_start_method("spawn")
from flake8_async_fastapi.store.cache import Cache
Cache.write = lambda self, kind, key, data: None
"""
    flake8(tmp_path, "-v", "-j2", f"--output-file={log}", before=before)
    write_files(tmp_path, {"broken.py": "def (\n"})
    flake8(tmp_path, "-v", "-j2", f"--output-file={log}", before=before)
    assert log.read_text().count("broken.py does not parse") >= 2  # by the parent and by a worker


def test_fault_in_the_linker(tmp_path: Path, flake8: RunFlake8) -> None:
    write_files(tmp_path, {**GOOD, "broken.py": "def (\n"})
    done = flake8(tmp_path, "-j1", before=IN_THE_LINKER.format(error="ValueError('injected')"))
    assert done.findings == {("broken.py", 1, "E999"), ("good.py", 1, "AFA001"), ("main.py", 1, "AFA001")}
    assert done.errors == ""
    assert flake8(tmp_path).findings == {("broken.py", 1, "E999")} | FOUND  # and nothing of it was kept


def test_log_is_silent_without_a_listener(capfd: pytest.CaptureFixture[str]) -> None:
    """Python prints warnings of loggers that nobody configured."""
    before, LOG.propagate = LOG.propagate, False
    try:
        LOG.warning("a fault")
    finally:
        LOG.propagate = before
    assert capfd.readouterr().err == ""
