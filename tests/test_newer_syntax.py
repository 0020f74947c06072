"""Newer syntax means the same on every Python, those that cannot parse it included."""

from flake8_async_fastapi.analysis import analysis_of
from flake8_async_fastapi.extract import extract
from flake8_async_fastapi.extract.older import in_older_syntax
from flake8_async_fastapi.facts import tree
from flake8_async_fastapi.facts.walk import all_nodes

SYNTAX = """\
type A[T] = list[T]
type B = int; type C = str
class X[T: (int, str), *Ts, **P,
   U: dict[str, int],  # note

   ](Base[T], metaclass=M):
    async def get[K](self, k: K) -> T: ...
x = type(3)
type = 4
"""


def test_the_older_syntax_keeps_everything_at_its_place() -> None:
    older, parameters = in_older_syntax(SYNTAX)
    assert parameters == {3: ["T", "Ts", "P", "U"]}
    lines, new = older.splitlines(), SYNTAX.splitlines()
    assert lines[0] == "A         = list[T]"
    assert lines[1] == "B      = int; C      = str"
    assert lines[2] == "class X                        \\"
    assert lines[5] == "    (Base[T], metaclass=M):"
    assert lines[6] == "    async def get   (self, k: K) -> T: ..."
    assert lines[7:] == new[7:]
    assert [len(line) for line in lines[:2]] == [len(line) for line in new[:2]]


def test_facts_of_type_parameters() -> None:
    first, second, third, cls, *_ = extract(SYNTAX).body()
    assert [isinstance(one, tree.Assign) for one in (first, second, third)] == [True] * 3
    assert isinstance(cls, tree.ClassDef)
    assert (cls.line, cls.name, cls.parameters) == (3, "X", ["T", "Ts", "P", "U"])
    (method,) = cls.body
    assert isinstance(method, tree.FunctionDef)
    assert (method.line, method.name, [param.name for param in method.params]) == (7, "get", ["self", "k"])


EXCEPT = """\
try:
    f(a, b)
except A, b.C[int, str]: x
except (A, B): y
except A: z
"""


def test_several_exceptions_without_parentheses() -> None:
    older, _ = in_older_syntax(EXCEPT)
    assert older == EXCEPT.replace("except A, b.C[int, str]: x", "except(A, b.C[int, str]): x")
    (node,) = extract(EXCEPT).body()
    assert isinstance(node, tree.Try)
    assert [handler.type is not None for handler in node.handlers] == [True] * 3


BASE = """\
class Base[M]:
    model: type[M]

    def __init__(self, session: AsyncSession):
        self.session = session

    async def one(self, id: int) -> M:
        return await self.session.get_one(self.model, id)


class Middle[Row](Base[Row]):
    pass
"""
MAIN = """\
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy import ForeignKey


class Model(DeclarativeBase):
    pass


class User(Model):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


class Post(Model):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User] = relationship()


class Posts(Middle[Post]):
    model = Post


async def author(session: AsyncSession) -> User:
    post = await Posts(session).one(1)
    return post.author
"""


def test_a_generic_base_in_the_newer_syntax_is_followed() -> None:
    text = "from sqlalchemy.ext.asyncio import AsyncSession\n\n\n" + BASE
    files = {"base.py": text, "main.py": "from base import Middle\n" + MAIN}
    (finding,) = analysis_of(files).findings("main.py")
    read = files["main.py"].splitlines().index("    return post.author") + 1
    assert (finding.code, finding.line) == ("AFA301", read)


def test_a_text_that_no_python_parses_has_no_facts() -> None:
    main = "from base import Base\nclass A(Base[int]): ...\n"
    files = {"base.py": "class Base[M(:\n    pass\n", "main.py": main}
    analysis = analysis_of(files)
    assert analysis.findings("main.py") == analysis.findings("base.py") == []


STRINGS = '''\
a = f"{x["key"]} {
    g(y, name="z")  }, {{no}}" + f"{h}" + "plain {"
b = f"{"\\n".join(x)!r:>{width}}"
# f"{not["one"]}"
c = f"""{d["\\""]}""" + f'{f"{e['f']}"}'
f = 1
'''


def test_strings_with_any_quotes_and_lines_inside_of_braces() -> None:
    older, _ = in_older_syntax(STRINGS)
    assert older.count("\n") == STRINGS.count("\n")
    assert 'f"{h}" + "plain {"' in older
    assert '# f"{not["one"]}"' in older
    nodes = extract(STRINGS).body()
    assert [node.line for node in nodes] == [1, 3, 5, 6]
    names = {node.id for node in all_nodes(nodes) if isinstance(node, tree.Name)}
    assert {"x", "g", "y", "h", "d", "e"} <= names


def test_strings_that_every_python_reads_stay_as_they_are() -> None:
    text = "a = f'{x[\"y\"]}' rf\"{b}\\d\" '{' f'{{' \"\"\"f'{'\"\"\"\nclass A[T]: pass\n"
    assert in_older_syntax(text)[0] == text.replace("A[T]", "A   ")
