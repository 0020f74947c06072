"""Random small programs that query, change and read models.

`random_program(seed)` gives the same text for the same seed.  The generator keeps no
account of what is loaded, beyond a rough guess that makes a good share of the programs
succeed: what really happens is for the oracle to say.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from . import further, sessions
from .schemas import EAGER, OPAQUE, Entity, Relation, random_schema

URL = "sqlite+aiosqlite:///blog.db"
"""The database that programs name; the oracle puts its own in place of it."""
ROWS = {"User": 3, "Post": 4, "Comment": 5, "Tag": 3, "Profile": 3, "Asset": 3}
"""How many rows there are of each model, with the primary keys from 1."""

Path = tuple[str, ...]
Tree = dict[str, "Tree"]


@dataclass(frozen=True)
class Program:
    """The files of a program, whose `run` in `main.py` takes a number of flags."""

    seed: int
    files: Mapping[str, str]
    flags: int

    def text(self) -> str:
        """All files, as one reads them."""
        parts = []
        for path, text in self.files.items():
            lines = [f"{number:3} {line}" for number, line in enumerate(text.splitlines(), start=1)]
            parts.append("\n".join([f"--- {path}", *lines]))
        return "\n".join(parts)


def random_program(seed: int) -> Program:
    """The program of a seed."""
    return Writer(seed).program()


# --- imports ---------------------------------------------------------------------------

_LIBRARY = {
    "sqlalchemy": "Column Computed DateTime FetchedValue ForeignKey Integer String Table"
    " delete func insert inspect select update",
    "sqlalchemy.ext.associationproxy": "association_proxy",
    "sqlalchemy.ext.hybrid": "hybrid_property",
    "sqlalchemy.orm.attributes": "set_committed_value",
    "sqlalchemy.ext.asyncio": "AsyncAttrs AsyncSession async_sessionmaker create_async_engine",
    "sqlalchemy.orm": "DeclarativeBase DynamicMapped Load Mapped MappedAsDataclass WriteOnlyMapped aliased"
    " backref column_property configure_mappers contains_eager declarative_base defer deferred"
    " defaultload immediateload joinedload lazyload load_only mapped_column noload raiseload relationship"
    " selectinload sessionmaker subqueryload undefer",
    "sqlmodel": "Field Relationship SQLModel",
    "pydantic": "AliasPath BaseModel ConfigDict TypeAdapter field_validator",
    "typing": "Optional",
    "datetime": "datetime",
    "operator": "attrgetter",
}
_HOME = {name: module for module, names in _LIBRARY.items() for name in names.split()}


def _imports(text: str, names: Mapping[str, str], own: str, renamed: Mapping[str, str]) -> list[str]:
    """The import statements that a file needs for the names it mentions."""
    nodes = list(ast.walk(ast.parse(text)))
    mentioned = [node for node in nodes if isinstance(node, ast.Name)]
    used = {node.id for node in mentioned}
    bound = {node.id for node in mentioned if isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    bound |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    wanted: dict[str, list[str]] = {}
    for name in sorted(used - bound - {*dir(builtins)}):
        module = renamed.get(name) or names.get(name) or _HOME.get(name)
        if module is not None and module != own:
            wanted.setdefault(module, []).append(name)

    def order(module: str) -> tuple[int, str]:
        return (2 if module in names.values() else 0 if module in sys.stdlib_module_names else 1), module

    lines: list[str] = []
    for module in sorted(wanted, key=order):
        lines.append(f"from {module} import {', '.join(wanted[module])}")
    return lines


# --- parts -----------------------------------------------------------------------------


@dataclass
class Var:
    """A variable that holds an instance, or a list of instances."""

    name: str
    entity: str
    stage: str = "persistent"
    """persistent, transient, pending, detached or deleted"""
    supplied: set[Path] = field(default_factory=set)
    many: bool = False
    known: set[str] = field(default_factory=set)
    """The many-to-one attributes that were set, so that they are not None before a flush."""
    epoch: int = 0
    ident: int | None = None
    """The primary key that it was asked for by."""


@dataclass
class Statement:
    """A select, and what the generator believes of it."""

    text: str
    entity: str
    supplied: set[Path]
    unique: bool = False
    repeats: bool = False
    """A join with a collection may give an instance several times."""


@dataclass
class Block:
    """Lines under construction."""

    lines: list[str] = field(default_factory=list)
    depth: int = 0

    def add(self, *lines: str) -> None:
        self.lines += ["    " * self.depth + line if line else "" for line in lines]

    @contextmanager
    def under(self, head: str) -> Iterator[None]:
        self.add(head)
        self.depth += 1
        before = len(self.lines)
        try:
            yield
        finally:
            if len(self.lines) == before:
                self.add("pass")
            self.depth -= 1


class Writer:
    """Writes one program."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = Random(f"loading {seed}")
        self.has_more = seed >= further.FIRST
        self.schema = random_schema(self.rng, further.extend if self.has_more else None)
        self.names: dict[str, str] = dict(self.schema.names)
        self.modules: dict[str, list[str]] = {"models": self.schema.lines}
        self.split = self.rng.random() < 0.55
        self.block = Block()
        self.session = "session"
        self.vars: list[Var] = []
        self.counts: Counter[str] = Counter()
        self.flags: list[str] = []
        self.in_begin = False
        self.begun = False
        self.closed = False
        self.epoch = 0
        self.can_flag = True
        self.exec = self.schema.style == "sqlmodel" and self.rng.random() < 0.6
        self.made: dict[str, str] = {}
        """Helpers, schemas and constants by what they are for."""
        self.paths = self._wanted_paths()
        self.fills_session = self.chance(0.4)
        """Whether the program is about what the session holds already."""

    # --- small things ------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def fresh(self, stem: str) -> str:
        self.counts[stem] += 1
        return stem if self.counts[stem] == 1 else f"{stem}{self.counts[stem]}"

    def flag(self) -> str | None:
        """A parameter of the program to test, if it may have one."""
        if not self.can_flag or not self.in_main:
            return None
        if len(self.flags) < 2 and self.chance(0.6):
            self.flags.append(("full", "draft")[len(self.flags)])
        return self.rng.choice(self.flags) if self.flags else None

    @property
    def in_main(self) -> bool:
        return self.session == "session"

    def define(self, module: str, name: str, lines: Sequence[str]) -> None:
        """Put a function, a class or a constant into a module."""
        home = module if self.split else "main"
        self.names[name] = home
        self.modules.setdefault(home, []).extend([*lines, "", ""])

    def _wanted_paths(self) -> dict[str, list[Path]]:
        """Chains of relationships, by model, that queries load and reads follow more often than others."""
        found: dict[str, list[Path]] = {}
        for entity in self.schema.entities.values():
            found[entity.name] = []
            for _ in range(3):
                path = self._walk(entity, 1 if self.chance(0.6) else 2)
                if path:
                    found[entity.name].append(path)
        return found

    def _walk(self, entity: Entity, length: int) -> Path:
        path: list[str] = []
        for _ in range(length):
            usable = [relation for relation in entity.relations if relation.loadable]
            if not usable:
                break
            relation = self.rng.choice(usable)
            path.append(relation.name)
            entity = self.schema[relation.target]
        return tuple(path)

    def relation(self, entity: str, path: Path) -> Relation:
        for name in path[:-1]:
            entity = self.schema[entity].relation(name).target
        return self.schema[entity].relation(path[-1])

    # --- loader options ----------------------------------------------------------------

    def tree(self, entity: str, keep: float = 0.8) -> Tree:
        """Which relationships a query is to load."""
        tree: Tree = {}
        for path in self.paths[entity]:
            if self.chance(keep):
                whole = path if self.chance(0.85) else path[:1]
                node = tree
                for name in whole:
                    node = node.setdefault(name, {})
        return tree

    def options(self, entity: str, tree: Tree, root: str = "") -> tuple[list[str], set[Path], bool]:
        """The options for a tree, the paths that they supply, and whether rows need `unique()`."""
        found: list[str] = []
        supplied: set[Path] = set()
        unique = False
        for name, below in tree.items():
            texts, paths, joined = self._option(entity, name, below, root or entity)
            found += texts
            supplied |= paths
            unique |= joined
        return found, supplied, unique

    def _option(self, entity: str, name: str, below: Tree, root: str) -> tuple[list[str], set[Path], bool]:
        relation = self.schema[entity].relation(name)
        loader = self.rng.choices(
            ["selectinload", "joinedload", "subqueryload", "immediateload"], [60, 22, 8, 4]
        )[0]
        head = f"{loader}({root}.{name})"
        if root == entity and self.chance(0.03):
            head = f"Load({root}).{loader}({root}.{name})"
        supplied = {(name,)}
        inner, paths, joined = self.options(relation.target, below)
        supplied |= {(name, *path) for path in paths}
        unique = loader == "joinedload" and (relation.many or joined or self.joins(relation.target))
        target = self.schema[relation.target]
        if self.chance(0.06):
            tail = self.rng.choice(
                [f"load_only({target.name}.{target.label})", f"defer({target.name}.{target.label})"]
            )
            if self.chance(0.3):
                tail = 'raiseload("*")'
            if target.base == "":
                return [f"{head}.{tail}"], {(name,)}, unique
        if not inner:
            return [head], supplied, unique
        if len(inner) == 1 and self.chance(0.75) and inner[0].count("Load(") == 0:
            return [f"{head}.{inner[0]}"], supplied, unique
        if all("Load(" not in text for text in inner) and self.chance(0.6):
            return [f"{head}.options({', '.join(inner)})"], supplied, unique
        inner = [text.removeprefix(f"Load({target.name}).") for text in inner]
        return [f"{head}.{text}" for text in inner], supplied, unique

    def joins(self, entity: str, seen: frozenset[str] = frozenset()) -> bool:
        """Whether the mapper joins a collection to the rows of an entity."""
        for relation in self.schema[entity].relations:
            if relation.lazy != "joined" or relation.target in seen:
                continue
            if relation.many or self.joins(relation.target, seen | {entity}):
                return True
        return False

    def mapped(self, entity: str) -> set[Path]:
        """The paths that the mapper loads by itself."""
        found: set[Path] = set()
        for relation in self.schema[entity].relations:
            if relation.lazy in EAGER:
                found.add((relation.name,))
                for inner in self.schema[relation.target].relations:
                    if inner.lazy in EAGER and inner.target != entity:
                        found.add((relation.name, inner.name))
        return found

    def column_options(self, entity: str, tree: Tree) -> list[str]:
        """Options about columns, now and then."""
        model = self.schema[entity]
        if model.base or not self.chance(0.14):
            return []
        columns = [
            one for one in model.columns if one.name != "id" and not one.key and one.type in _VALUE_TYPES
        ]
        column = self.rng.choice(columns)
        special = [column for column in columns if column.deferred]
        choices = [
            f"load_only({entity}.id, {entity}.{column.name})",
            f"load_only({entity}.{model.label})",
            f"defer({entity}.{column.name})",
        ]
        if special:
            choices += [f"undefer({entity}.{special[0].name})"] * 5
        if model.relations:
            relation = self.rng.choice(model.relations)
            if relation.loadable and relation.name not in tree:
                choices += [f"lazyload({entity}.{relation.name})", f"raiseload({entity}.{relation.name})"]
                choices += ['raiseload("*")', 'lazyload("*")']
                choices += [f"noload({entity}.{relation.name})"] if self.chance(0.3) else []
                choices += [f"raiseload({entity}.{relation.name}, sql_only=True)"]
        return [self.rng.choice(choices)]

    # --- statements --------------------------------------------------------------------

    def statement(self, entity: str, where: str = "", *, one: bool = False) -> Statement:
        """A select of one entity; lines that it needs are written first."""
        if not one and not where and self.chance(0.06):
            return self._aliased(entity)
        tree = self.tree(entity)
        texts, supplied, unique = self.options(entity, tree)
        extra = self.column_options(entity, tree)
        texts += extra
        text = f"select({entity})"
        repeats = False
        joins = [relation for relation in self.schema[entity].relations if relation.loadable]
        if joins and self.chance(0.14):
            relation = self.rng.choice(joins)
            outer = self.rng.choice(["join", "join", "outerjoin"])
            if relation.nullable:
                outer = "outerjoin"
            if not (one and relation.many) and relation.target != entity:
                text += f".{outer}({entity}.{relation.name})"
                repeats = relation.many
                if self.chance(0.5):
                    texts = [option for option in texts if not self._names(option, entity, relation)]
                    deep = [inner for inner in self.schema[relation.target].relations if inner.loadable]
                    option = f"contains_eager({entity}.{relation.name})"
                    if deep and self.chance(0.3):
                        inner = self.rng.choice(deep)
                        option += f".selectinload({relation.target}.{inner.name})"
                        supplied.add((relation.name, inner.name))
                    texts.append(option)
                    supplied.add((relation.name,))
                    unique |= relation.many or self.joins(relation.target)
        unique |= self.joins(entity)
        if where:
            text += f".where({where})"
        elif self.chance(0.35):
            text += self.rng.choice(
                [
                    f".order_by({entity}.id)",
                    f".where({entity}.id > 1)",
                    f".where({entity}.id.in_([1, 2]))",
                    ".limit(3)",
                ]
            )
        if self.chance(0.04):
            text += ".execution_options(populate_existing=True)"
        mistake = self.rng.random()
        if mistake < 0.004:
            other = self.rng.choice([name for name in self.schema.entities if self.schema[name].relations])
            if other != entity and self.schema[other].relations[0].loadable:
                texts.append(f"selectinload({other}.{self.schema[other].relations[0].name})")
        elif mistake < 0.008 and joins:
            texts.append(f'selectinload("{joins[0].name}")')
        text, lost = self._with_options(entity, text, texts)
        if lost:
            supplied = set()
        return Statement(text, entity, supplied | self.mapped(entity), unique, repeats)

    @staticmethod
    def _names(option: str, entity: str, relation: Relation) -> bool:
        return f"({entity}.{relation.name})" in option

    def _aliased(self, entity: str) -> Statement:
        name = f"{entity}Alias"
        if not self.made.get(name):
            self.made[name] = name
            if self.in_main and not self.split and self.schema.style != "sqlmodel":
                self.define("main", name, [f"{name} = aliased({entity})"])
            else:
                self.define("queries", name, [f"{name} = aliased({entity})"])
        texts, supplied, unique = self.options(entity, self.tree(entity), root=name)
        text = f"select({name})" + (f".options({', '.join(texts)})" if texts else "")
        text += f".order_by({name}.id)"
        return Statement(text, entity, supplied | self.mapped(entity), unique or self.joins(entity))

    def _with_options(self, entity: str, text: str, texts: list[str]) -> tuple[str, bool]:
        """A statement with options, in one of the ways to write that; True when they are lost."""
        if not texts:
            return text, False
        joined = ", ".join(texts)
        form = self.rng.random()
        if form < 0.42:
            return f"{text}.options({joined})", False
        if form < 0.50:
            return text + "".join(f".options({option})" for option in texts), False
        if form < 0.58:
            name = self.fresh("options")
            opening, closing = self.rng.choice(["()", "[]"])
            self.block.add(f"{name} = {opening}{joined}{',' if opening == '(' else ''}{closing}")
            return f"{text}.options(*{name})", False
        if form < 0.65:
            name = self.fresh(f"{entity.lower()}_options")
            bracket = self.rng.choice([f"({joined},)", f"[{joined}]"])
            head = f"def {name}():" if self.chance(0.5) else f"def {name}() -> list:"
            lines = [head, f"    return {bracket}"]
            if len(texts) == 1 and self.chance(0.4):
                lines = [head, f"    return {joined}"]
                self.define("queries", name, lines)
                return f"{text}.options({name}())", False
            self.define("queries", name, lines)
            return f"{text}.options(*{name}())", False
        if form < 0.70:
            name = self.fresh(f"{entity.upper()}_OPTIONS")
            self.define("queries", name, [f"{name} = ({joined},)"])
            return f"{text}.options(*{name})", False
        if form < 0.75:
            name = self.fresh(f"with_{entity.lower()}_relations")
            self.define("queries", name, [f"def {name}(stmt):", f"    return stmt.options({joined})"])
            return f"{name}({text})", False
        name = self.fresh("stmt")
        self.block.add(f"{name} = {text}")
        if form < 0.80 and self.chance(0.35):
            self.block.add(f"{name}.options({joined})")
            return name, True
        flag = self.flag() if form < 0.92 else None
        if flag and self.chance(0.35):
            self.block.add(f"{name} = {name}.options(*([{joined}] if {flag} else []))")
        elif flag:
            with self.block.under(f"if {flag}:"):
                self.block.add(f"{name} = {name}.options({joined})")
        else:
            for option in texts if self.chance(0.4) else [joined]:
                self.block.add(f"{name} = {name}.options({option})")
        return name, False

    # --- queries -----------------------------------------------------------------------

    def _unique(self, statement: Statement) -> str:
        """A call of `unique()` where it is needed, most of the time, and rarely where it is not."""
        return ".unique()" if self.chance(0.88 if statement.unique else 0.04) else ""

    def remember(self, name: str, entity: str, supplied: set[Path], *, many: bool = False) -> Var:
        var = Var(name, entity, supplied=supplied, many=many, epoch=self.epoch)
        self.vars.append(var)
        return var

    def query_many(self, entity: str) -> Var:
        """A list of instances."""
        statement = self.statement(entity)
        name = self.fresh(entity.lower() + "s")
        call, unique = statement.text, self._unique(statement)
        session = self.session
        form = self.rng.random()
        if self.exec and form < 0.7:
            self.block.add(f"{name} = (await {session}.exec({call})){unique}.all()")
        elif form < 0.35:
            self.block.add(f"{name} = (await {session}.scalars({call})){unique}.all()")
        elif form < 0.55:
            self.block.add(f"{name} = (await {session}.execute({call})){unique}.scalars().all()")
        elif form < 0.70:
            result = self.fresh("result")
            self.block.add(f"{result} = await {session}.execute({call})")
            self.block.add(f"{name} = {result}.scalars(){unique}.all()")
        elif form < 0.77:
            self.block.add(f"{name} = [row[0] for row in (await {session}.execute({call})){unique}.all()]")
        elif form < 0.82:
            self.block.add(f"{name} = list((await {session}.scalars({call})){unique})")
        elif form < 0.86:
            rows = self.fresh("rows")
            self.block.add(f"{rows} = await {session}.execute({call})", f"{name} = []")
            with self.block.under(f"for (item,) in {rows}{unique}:"):
                self.block.add(f"{name}.append(item)")
        elif form < 0.91 and not statement.unique:
            item = entity.lower()
            self.block.add(f"{name} = [{item} async for {item} in await {session}.stream_scalars({call})]")
        elif form < 0.95 and not statement.unique:
            self.block.add(f"{name} = []")
            stream = self.fresh("stream")
            self.block.add(f"{stream} = await {session}.stream({call})")
            with self.block.under(f"async for item in {stream}.scalars():"):
                self.block.add(f"{name}.append(item)")
        else:
            self.block.add(f"{name} = (await {session}.execute({call})).scalars(){unique}.fetchall()")
        return self.remember(name, entity, statement.supplied, many=True)

    def query_one(self, entity: str) -> Var:
        """One instance, of a row that is there."""
        ident = self.rng.randint(1, ROWS[entity])
        name = self.fresh(entity.lower())
        session = self.session
        form = self.rng.random()
        if form < 0.26:
            return self.get(entity, name, ident)
        statement = self.statement(entity, f"{entity}.id == {ident}", one=True)
        call = statement.text
        unique = self._unique(statement)
        guarded = False
        if self.exec and form < 0.7:
            self.block.add(
                f"{name} = (await {session}.exec({call})){unique}.{self.rng.choice(['one', 'first'])}()"
            )
        elif form < 0.40:
            how = "scalar_one" if self.chance(0.6) else "scalar_one_or_none"
            guarded = how.endswith("none")
            self.block.add(f"{name} = (await {session}.execute({call})){unique}.{how}()")
        elif form < 0.52:
            self.block.add(f"{name} = await {session}.scalar({call})")
            guarded = True
        elif form < 0.66:
            how = self.rng.choice(["one", "first", "one_or_none"])
            guarded = how != "one"
            self.block.add(f"{name} = (await {session}.scalars({call})){unique}.{how}()")
        elif form < 0.82:
            result = self.fresh("result")
            self.block.add(f"{result} = await {session}.execute({call})")
            how = self.rng.choice(["one", "first", "one_or_none"])
            guarded = how != "one"
            self.block.add(f"{name} = {result}{unique}.scalars().{how}()")
        elif form < 0.88:
            self.block.add(f"{name} = (await {session}.stream_scalars({call}))")
            self.block.lines.pop()
            self.block.add(f"({name},) = (await {session}.execute({call})){unique}.one()")
        elif form < 0.93:
            row = self.fresh("row")
            self.block.add(f"{row} = (await {session}.execute({call})).first()", f"{name} = {row}[0]")
        else:
            self.block.add(f"{name} = (await {session}.execute({call})){unique}.scalars().all()[0]")
        if guarded and self.in_main and self.chance(0.4):
            form = self.rng.choice([f"assert {name} is not None", "if"])
            if form == "if":
                with self.block.under(f"if {name} is None:"):
                    self.block.add('raise LookupError("missing")')
            else:
                self.block.add(form)
        var = self.remember(name, entity, statement.supplied)
        var.ident = ident
        return var

    def get(self, entity: str, name: str, ident: int) -> Var:
        how = self.rng.choice(["get", "get", "get_one"])
        supplied: set[Path] = set()
        arguments = ""
        if self.chance(0.4):
            texts, supplied, _ = self.options(entity, self.tree(entity))
            if texts:
                arguments = f", options=[{', '.join(texts)}]"
                if self.chance(0.2):
                    options = self.fresh("options")
                    self.block.add(f"{options} = [{', '.join(texts)}]")
                    arguments = f", options={options}"
        if self.chance(0.04):
            arguments += ", populate_existing=True"
        self.block.add(f"{name} = await {self.session}.{how}({entity}, {ident}{arguments})")
        var = self.remember(name, entity, supplied | self.mapped(entity))
        var.ident = ident
        return var

    def query_rows(self) -> Var | None:
        """Rows of several entities, which keep each other in memory."""
        choices = [
            (entity.name, relation)
            for entity in self.schema.entities.values()
            for relation in entity.relations
            if relation.to_one
            and not relation.nullable
            and relation.loadable
            and relation.target != entity.name
        ]
        if not choices:
            return None
        name, relation = self.rng.choice(choices)
        texts, supplied, _ = self.options(name, self.tree(name, 0.3))
        texts = [text for text in texts if "joinedload" not in text]
        options = f".options({', '.join(texts)})" if texts else ""
        if self.joins(name) or self.joins(relation.target):
            return None
        call = f"select({name}, {relation.target}).join({name}.{relation.name}){options}"
        one, other = self.fresh(name.lower()), self.fresh(relation.target.lower())
        rows = self.fresh("rows")
        verb = "exec" if self.exec else "execute"
        if self.chance(0.5):
            self.block.add(
                f"{rows} = (await {self.session}.{verb}({call})).all()", f"{one}, {other} = {rows}[0]"
            )
        else:
            self.block.add(f"{one}, {other} = (await {self.session}.{verb}({call})).first()")
        var = self.remember(one, name, supplied | self.mapped(name) | {(relation.name,)})
        self.remember(other, relation.target, self.mapped(relation.target))
        return var

    def query_repository(self, entity: str) -> Var:
        """An instance or a list from a repository in a class of its own."""
        stem = f"{entity}Repository"
        many = self.chance(0.5)
        by_argument = self.chance(0.35)
        outer, outer_session, outer_vars = self.block, self.session, self.vars
        self.block, self.session, self.vars = Block(), "self.session", []
        method = self.fresh("find_all" if many else "find")
        supplied: set[Path]
        argument = ""
        if by_argument:
            texts, supplied, unique = self.options(entity, self.tree(entity))
            star = self.chance(0.5)
            parameter = "*options" if star else "options=()"
            argument = ", ".join(texts) if star else (f"options=[{', '.join(texts)}]" if texts else "")
            unique |= self.joins(entity)
            need = ".unique()" if unique and self.chance(0.88) else ""
            stmt = f"select({entity}).options(*options)"
            if many:
                head = f"async def {method}(self, {parameter}):"
                self.block.add(f"return (await self.session.scalars({stmt})){need}.all()")
            else:
                head = f"async def {method}(self, ident: int, {parameter}):"
                stmt = f"select({entity}).where({entity}.id == ident).options(*options)"
                self.block.add(f"return (await self.session.execute({stmt})){need}.scalar_one()")
            supplied = supplied | self.mapped(entity)
        else:
            var = self.query_many(entity) if many else self.query_one(entity)
            supplied = var.supplied
            annotated = self.chance(0.5)
            kind = f"list[{entity}]" if many else entity
            head = f"async def {method}(self){f' -> {kind}' if annotated else ''}:"
            self.block.add(f"return {var.name}")
        lines = [head, *("    " + line for line in self.block.lines)]
        self.block, self.session, self.vars = outer, outer_session, outer_vars
        if stem not in self.made:
            annotation = ": AsyncSession" if self.chance(0.7) else ""
            init = [
                f"class {stem}:",
                f"    def __init__(self, session{annotation}):",
                "        self.session = session",
            ]
            home = "repositories" if self.split else "main"
            self.names[stem] = home
            self.made[stem] = "1"
            self.modules.setdefault(f"{home}:{stem}", []).extend(init)
        home = self.names[stem]
        self.modules[f"{home}:{stem}"] += ["", *("    " + line for line in lines)]
        name = self.fresh(entity.lower() + ("s" if many else ""))
        ident = f"{self.rng.randint(1, ROWS[entity])}" if by_argument and not many else ""
        arguments = ", ".join(part for part in (ident, argument) if part)
        if self.chance(0.5):
            repository = f"{stem}({self.session})"
        else:
            repository = self.fresh("repository")
            self.block.add(f"{repository} = {stem}({self.session})")
        self.block.add(f"{name} = await {repository}.{method}({arguments})")
        return self.remember(name, entity, supplied, many=many)

    def query(self, *, many: bool | None = None) -> Var:
        """A query of any kind."""
        entities = [entity.name for entity in self.schema.entities.values() if not entity.base]
        weights = [4 if name == "Post" else 2 if name in {"User", "Comment"} else 1 for name in entities]
        entity = self.rng.choices(entities, weights)[0]
        form = self.rng.random()
        if form < 0.07:
            var = self.query_rows()
            if var is not None:
                return var
        if form < 0.22 and self.in_main:
            return self.query_repository(entity)
        many = self.chance(0.45) if many is None else many
        return self.query_many(entity) if many else self.query_one(entity)

    # --- new instances -----------------------------------------------------------------

    def construct(self) -> Var:
        """A new instance, which may be added and flushed."""
        entity = self.rng.choice(
            [name for name in ("User", "Post", "Post", "Comment", "Tag") if name in self.schema.entities]
        )
        name = self.fresh(f"new_{entity.lower()}")
        arguments, known = self._arguments(entity)
        self.block.add(f"{name} = {entity}({', '.join(arguments)})")
        var = self.remember(name, entity, {(relation,) for relation in known})
        var.stage, var.known = "transient", known
        if self.chance(0.93):
            if self.chance(0.2):
                self.block.add(f"{self.session}.add_all([{name}])")
            else:
                self.block.add(f"{self.session}.add({name})")
            var.stage = "pending"
            form = self.rng.random()
            if form < 0.45 or self.in_begin:
                self.flush()
            elif form < 0.85:
                self.commit()
            if form < 0.85 and self.chance(0.35):
                self._refresh(var)
        return var

    def _arguments(self, entity: str) -> tuple[list[str], set[str]]:
        model = self.schema[entity]
        arguments = [f'{model.label}="new"']
        known: set[str] = set()
        for relation in model.relations:
            if relation.to_one and not relation.key:
                continue
            mine = [
                var
                for var in self.vars
                if var.entity == relation.target and not var.many and var.stage == "persistent"
            ]
            chosen = self.rng.random()
            column = model.column(relation.key) if relation.key else None
            needed = column is not None and not column.nullable
            if relation.to_one:
                if "viewonly=True" in relation.arguments:
                    arguments.append(f"{relation.key}=1")
                elif chosen < 0.25 and mine and not relation.nullable:
                    arguments.append(f"{relation.name}={self.rng.choice(mine).name}")
                    known.add(relation.name)
                elif chosen < 0.35 and not relation.nullable and not self._demanding(relation.target):
                    arguments.append(
                        f'{relation.name}={relation.target}({self.schema[relation.target].label}="inner")'
                    )
                    known.add(relation.name)
                elif chosen < 0.75 or needed:
                    arguments.append(f"{relation.key}={self.rng.choice([1, 2])}")
            elif relation.loadable and "viewonly=True" not in relation.arguments:
                if chosen < 0.12:
                    arguments.append(f"{relation.name}=[]")
                elif chosen < 0.22 and not self._demanding(relation.target):
                    text = f'{relation.target}({self.schema[relation.target].label}="inner")'
                    arguments.append(f"{relation.name}=[{text}]")
                    known.add(relation.name)
        return arguments, known

    def _demanding(self, entity: str) -> bool:
        """Whether an instance needs more than its label."""
        return any(column.key and not column.nullable for column in self.schema[entity].columns)

    # --- changes of state ---------------------------------------------------------------

    def flush(self) -> None:
        self.block.add(f"await {self.session}.flush()")
        for var in self.vars:
            if var.stage == "pending":
                var.stage = "persistent"

    def commit(self) -> None:
        if self.in_begin:
            self.flush()
            return
        flag = self.flag() if self.chance(0.1) else None
        if flag and not any(var.stage == "pending" for var in self.vars):
            with self.block.under(f"if {flag}:"):
                self.block.add(f"await {self.session}.commit()")
            return
        self.commit_now()

    def commit_now(self) -> None:
        self.block.add(f"await {self.session}.commit()")
        self.settle()

    def settle(self) -> None:
        """What is pending is written."""
        for var in self.vars:
            if var.stage == "pending":
                var.stage = "persistent"

    @contextmanager
    def other_block(self) -> Iterator[Block]:
        """Lines of a helper that is given the session."""
        before = self.block, self.session, self.vars
        self.block, self.session, self.vars = Block(), "db", []
        try:
            yield self.block
        finally:
            self.block, self.session, self.vars = before

    def _refresh(self, var: Var) -> None:
        model = self.schema[var.entity]
        usable = [relation for relation in model.relations if relation.loadable and relation.lazy != "noload"]
        if usable and self.chance(0.55):
            names = {self.rng.choice(usable).name for _ in range(self.rng.choice([1, 1, 2]))}
            if self.chance(0.15):
                names.add(
                    self.rng.choice([column.name for column in model.columns if column.type in _VALUE_TYPES])
                )
            listed = ", ".join(f'"{name}"' for name in sorted(names))
            keyword = self.rng.choice(["", "attribute_names="])
            self.block.add(f"await {self.session}.refresh({var.name}, {keyword}[{listed}])")
            var.supplied |= {(name,) for name in names if model.column(name) is None}
        else:
            self.block.add(f"await {self.session}.refresh({var.name})")

    def writable(self, var: Var) -> str | None:
        columns = [column for column in self.schema[var.entity].columns if column.writable]
        return self.rng.choice(columns).name if columns else None

    def singles(self, *stages: str) -> list[Var]:
        return [var for var in self.vars if not var.many and var.stage in (stages or ("persistent",))]

    def change(self) -> None:
        """One change of state."""
        weighted: list[tuple[int, Callable[[], None]]] = [
            (10, self.commit),
            (6, self.flush_write),
            (8, self._commit_write),
            (7, self.refresh_any),
            (3, self._expire),
            (3, self._rollback),
            (3, self._nested),
            (3, self._update),
            (3, self._write_key),
            (4, self._write_relation),
            (2, self._delete),
            (2, self._merge),
            (2, self._expunge),
            (1, self._close),
            (4, self._awaitable),
            (3, self._run_sync),
            (2, self._failing_block),
            (2, self.query_for_nothing),
            (2, self._loop_commit),
            (20, lambda: self.rng.choice(sessions.SCENES)(self)),
        ]
        self.rng.choices([action for _, action in weighted], [weight for weight, _ in weighted])[0]()

    def flush_write(self) -> None:
        self._write_column()
        self.flush()

    def _commit_write(self) -> None:
        self._write_column()
        self.commit()

    def _write_column(self) -> None:
        var = self._some("persistent")
        name = self.writable(var) if var else None
        if var and name:
            value = self.rng.choice(
                ['"changed"', '"changed"', f"func.upper({self.schema[var.entity].name}.{name})"]
            )
            if self.chance(0.8):
                value = '"changed"'
            self.block.add(f"{var.name}.{name} = {value}")

    def _some(self, *stages: str) -> Var | None:
        found = self.singles(*stages)
        return self.rng.choice(found) if found else None

    def refresh_any(self) -> None:
        var = self._some("persistent")
        if var:
            flag = self.flag() if self.chance(0.12) else None
            if flag:
                with self.block.under(f"if {flag}:"):
                    self._refresh(var)
            else:
                self._refresh(var)

    def _expire(self) -> None:
        var = self._some("persistent")
        if var and self.chance(0.6):
            names = [relation.name for relation in self.schema[var.entity].relations if relation.loadable]
            names += [
                column.name for column in self.schema[var.entity].columns if column.type in _VALUE_TYPES
            ]
            named = f', ["{self.rng.choice(names)}"]' if names and self.chance(0.5) else ""
            self.block.add(f"{self.session}.expire({var.name}{named})")
        else:
            self.block.add(f"{self.session}.expire_all()")

    def _rollback(self) -> None:
        if self.in_begin:
            return
        self.block.add(f"await {self.session}.rollback()")
        for var in self.vars:
            if var.name.startswith("new_") and var.stage in {"pending", "persistent"}:
                var.stage = "unsure"  # transient, unless it was committed before

    def _nested(self) -> None:
        var = self._some("persistent")
        name = self.writable(var) if var else None
        if var and name:
            with self.block.under(f"async with {self.session}.begin_nested():"):
                self.block.add(f'{var.name}.{name} = "nested"')
            for other in self.vars:
                other.stage = "persistent" if other.stage == "pending" else other.stage

    def _failing_block(self) -> None:
        """Work that fails, and what one does about it."""
        var = self._some("persistent")
        name = self.writable(var) if var else None
        if not var or not name or any(other.stage == "pending" for other in self.vars):
            return
        nested = self.in_begin or self.chance(0.4)
        with self.block.under("try:"):
            if nested:
                with self.block.under(f"async with {self.session}.begin_nested():"):
                    self.block.add(f'{var.name}.{name} = "lost"', 'raise ValueError("no")')
            else:
                self.block.add(
                    f'{var.name}.{name} = "lost"', f"await {self.session}.flush()", 'raise ValueError("no")'
                )
        with self.block.under("except ValueError:"):
            if nested:
                self.block.add("pass")
            else:
                self.block.add(f"await {self.session}.rollback()")
                for other in self.vars:
                    if other.name.startswith("new_") and other.stage == "persistent":
                        other.stage = "unsure"

    def _update(self) -> None:
        entity = self.rng.choice([entity for entity in self.schema.entities.values() if not entity.base])
        value = self.rng.choice(['"bulk"', '"bulk"', f"func.upper({entity.name}.{entity.label})"])
        where = f".where({entity.name}.id == 1)" if self.chance(0.7) else ""
        call = f"update({entity.name}){where}.values({entity.label}={value})"
        self.block.add(f"await {self.session}.execute({call})")
        for var in self.vars:
            var.stage = "persistent" if var.stage == "pending" else var.stage

    def _write_key(self) -> None:
        var = self._some("persistent")
        keys = [column.name for column in self.schema[var.entity].columns if column.key] if var else []
        if var and keys:
            self.block.add(f"{var.name}.{self.rng.choice(keys)} = {self.rng.choice([1, 2])}")

    def _write_relation(self) -> None:
        var = self._some("persistent", "pending", "transient")
        if var is None:
            return
        ones = [one for one in self.schema[var.entity].relations if "viewonly=True" not in one.arguments]
        if not ones:
            return
        relation = self.rng.choice(ones)
        stages = ("persistent",) if var.stage == "persistent" else ("persistent", "pending")
        mine = [
            other for other in self.singles(*stages) if other.entity == relation.target and other is not var
        ]
        label = self.schema[relation.target].label
        item = self.rng.choice(mine).name if mine and self.chance(0.6) else ""
        if not item:
            if self._demanding(relation.target):
                return
            item = f'{relation.target}({label}="fresh")'
        if relation.to_one:
            self.block.add(f"{var.name}.{relation.name} = {item}")
            var.known.add(relation.name)
            var.supplied.add((relation.name,))
        elif relation.lazy == "write_only":
            self.block.add(f"{var.name}.{relation.name}.add({item})")
        else:
            forms = [f".append({item})", f".append({item})"]
            if relation.loadable:
                forms += [f".extend([{item}])", f" = [{item}]"]
                if var.stage == "persistent":
                    forms += [f" += [{item}]"]
            self.block.add(f"{var.name}.{relation.name}{self.rng.choice(forms)}")

    def _delete(self) -> None:
        leaves = [var for var in self.singles("persistent") if var.entity in {"Comment", "Profile", "Tag"}]
        if leaves and not any(other.entity == "Comment" and other.stage == "pending" for other in self.vars):
            var = self.rng.choice(leaves)
            self.block.add(f"await {self.session}.delete({var.name})")
            if self.chance(0.7):
                self.commit()
            var.stage = "deleted"
            for other in self.vars:  # the same row under another name
                if other.entity == var.entity and other is not var:
                    other.stage = "unsure"

    def _merge(self) -> None:
        var = self._some("detached")
        if var and self.chance(0.7):
            name = self.fresh("merged")
            self.block.add(f"{name} = await {self.session}.merge({var.name})")
            self.remember(name, var.entity, self.mapped(var.entity))
            return
        entity = self.schema["Post"] if self.chance(0.6) else self.schema["User"]
        if entity.column("author_id") is not None and not entity.column("author_id").nullable:
            return
        if any(other.entity == entity.name and other.stage == "deleted" for other in self.vars):
            return
        name = self.fresh("merged")
        extra = "" if self.schema.style in {"mapped", "column"} else None
        if extra is None:
            return
        self.block.add(f'{name} = await {self.session}.merge({entity.name}(id=1, {entity.label}="merged"))')
        self.remember(name, entity.name, self.mapped(entity.name))

    def _expunge(self) -> None:
        var = self._some("persistent")
        if var and not any(other.stage == "pending" for other in self.vars):
            if self.chance(0.3):
                self.block.add(f"{self.session}.expunge_all()")
                for other in self.vars:
                    other.stage = "detached" if other.stage == "persistent" else other.stage
            elif not self.block.lines or not self.block.lines[-1].strip().startswith(var.name):
                self.block.add(f"{self.session}.expunge({var.name})")
                for other in self.vars:
                    if other.entity == var.entity and other.stage == "persistent":
                        other.stage = "detached" if other is var else "unsure"

    def _close(self) -> None:
        if self.in_begin or self.chance(0.5):
            return
        self.block.add(f"await {self.session}.close()")
        self._detach()

    def _detach(self) -> None:
        for var in self.vars:
            if var.stage in {"persistent", "deleted", "unsure"}:
                var.stage = "detached" if var.stage == "persistent" else "unsure"
            elif var.stage == "pending":
                var.stage = "transient"

    def _awaitable(self) -> None:
        var = self._some("persistent")
        if var is None or not self.schema.async_attrs:
            return
        usable = [relation for relation in self.schema[var.entity].relations if relation.loadable]
        if usable:
            relation = self.rng.choice(usable)
            if relation.to_one or self.chance(0.5):
                self.sink(f"await {var.name}.awaitable_attrs.{relation.name}")
            else:
                with self.block.under(f"for item in await {var.name}.awaitable_attrs.{relation.name}:"):
                    self.block.add(f"use(item.{self.schema[relation.target].label})")
            var.supplied.add((relation.name,))

    def _run_sync(self) -> None:
        var = self._some("persistent")
        usable = (
            [one for one in self.schema[var.entity].relations if one.loadable and one.lazy != "noload"]
            if var
            else []
        )
        if var and usable:
            relation = self.rng.choice(usable)
            value = f"{var.name}.{relation.name}" if relation.to_one else f"len({var.name}.{relation.name})"
            if self.chance(0.5):
                self.sink(f"await {self.session}.run_sync(lambda sync_session: {value})")
            else:
                name = self.fresh("touch")
                with self.block.under(f"def {name}(sync_session):"):
                    self.block.add(f"return {value}")
                self.sink(f"await {self.session}.run_sync({name})")
            var.supplied.add((relation.name,))

    def query_for_nothing(self) -> None:
        """A query whose result is dropped, which may load what is in the session."""
        entity = self.rng.choice([entity.name for entity in self.schema.entities.values() if not entity.base])
        statement = self.statement(entity)
        unique = self._unique(statement)
        self.block.add(f"(await {self.session}.scalars({statement.text})){unique}.all()")

    def _loop_commit(self) -> None:
        lists = [var for var in self.vars if var.many and var.stage == "persistent"]
        if not lists or self.in_begin:
            return
        var = self.rng.choice(lists)
        name = self.writable(var)
        if name is None:
            return
        item = self.fresh("item")
        with self.block.under(f"for {item} in {var.name}:"):
            self.block.add(f'{item}.{name} = "seen"')
            if self.chance(0.5):
                self.sink(f"{item}.{self.schema[var.entity].label}")
            self.block.add(f"await {self.session}.{'commit' if self.chance(0.6) else 'flush'}()")

    # --- reads -------------------------------------------------------------------------

    def sink(self, value: str) -> None:
        """Use a value in some way."""
        form = self.rng.random()
        if form < 0.35:
            self.block.add(f"use({value})")
        elif form < 0.6:
            self.block.add(f"{self.fresh('value')} = {value}")
        elif form < 0.75:
            self.block.add(f"results.append({value})" if self.results else f"use({value})")
        elif form < 0.85:
            self.block.add(f"print({value})")
        elif form < 0.93 and "{" not in value and '"' not in value and "await" not in value:
            self.block.add(f'{self.fresh("text")} = f"value: {{{value}}}"')
        else:
            self.block.add(f'results.append({{"value": {value}}})' if self.results else f"use([{value}])")

    def column_of(self, entity: str) -> str:
        columns = [column for column in self.schema[entity].columns if column.name != "kind"]
        plain = [column for column in columns if column.name in {"id", self.schema[entity].label}]
        if self.schema[entity].base:
            return "width"
        return self.rng.choice(plain if self.chance(0.5) else columns).name

    def choose(self, entity: str, supplied: set[Path], prefix: Path) -> Relation | None:
        """The relationship to read next: mostly one that was loaded."""
        model = self.schema[entity]
        if not model.relations:
            return None
        if self.chance(0.9):
            names = [relation.name for relation in model.relations if (*prefix, relation.name) in supplied]
            return model.relation(self.rng.choice(names)) if names else None
        return self.rng.choice(model.relations)

    def expression(
        self, entity: str, text: str, supplied: set[Path], prefix: Path = (), *, chain: bool = True
    ) -> str:
        """An expression that reads something of an instance."""
        relation = self.choose(entity, supplied, prefix) if len(prefix) < 3 and self.chance(0.75) else None
        if relation is None:
            return f"{text}.{self.column_of(entity)}"
        if relation.lazy in OPAQUE:
            return self._opaque(relation, f"{text}.{relation.name}")
        value = f"{text}.{relation.name}"
        below = (*prefix, relation.name)
        target = relation.target
        if relation.to_one:
            if not chain or self.chance(0.15):
                return value
            inner = self.expression(target, value, supplied, below)
            if relation.nullable or (relation.lazy == "noload" and self.chance(0.9)):
                return f"({inner} if {value} else None)" if self.chance(0.6) else f"({value} and {inner})"
            if self.chance(0.06) and inner.startswith(value + ".") and inner.count("(") == 0:
                return f'attrgetter("{inner.removeprefix(text + ".")}")({text})'
            if self.chance(0.06) and inner.startswith(value + "."):
                return f'getattr({text}, "{relation.name}")' + inner.removeprefix(value)
            return inner
        item = self.rng.choice(["item", target.lower(), "x"])
        item = item if not prefix else item + str(len(prefix))
        inner = self.expression(target, item, supplied, below)
        label = self.schema[target].label
        forms = [
            f"len({value})",
            f"len({value})",
            f"[{inner} for {item} in {value}]",
            f"[{inner} for {item} in {value}]",
            f"[{inner} for {item} in {value}]",
            f"{{{item}.id: {inner} for {item} in {value}}}",
            f"sorted({value}, key=lambda {item}: {item}.{label})",
            f"list(map(lambda {item}: {inner}, {value}))",
            f"sum(1 for {item} in {value} if {inner})",
            f"bool({value})",
            f"list({value})",
            f"[*{value}]",
            f'", ".join({item}.{label} for {item} in {value})',
        ]
        return self.rng.choice(forms)

    def _opaque(self, relation: Relation, value: str) -> str:
        if relation.lazy == "write_only":
            query = f"(await {self.session}.scalars({value}.select())).all()"
            inside = self.block.depth > 0 and self.in_main and not self.closed and not self.plain
            return self.rng.choice(
                [query if inside else value, value, f"list({value})" if self.chance(0.5) else value]
            )
        choices = [value, f"{value}.filter_by(id=1)", f"list({value})", f"{value}.count()", f"{value}.all()"]
        return self.rng.choice(choices if self.chance(0.6) else [value, choices[1]])

    plain = False
    """Whether an `await` is out of place."""
    results = True
    """Whether there is a list of results."""

    def read(self, var: Var) -> None:
        """A read of a variable, in one of many ways."""
        if var.many:
            self._read_many(var)
            return
        chain = var.stage in {"persistent", "detached"}
        supplied = var.supplied
        if not chain:
            supplied = {path for path in supplied if len(path) == 1 and path[0] in var.known}
            if var.stage in {"transient", "pending"} and self.chance(0.5):
                columns = [self.schema[var.entity].label, "id"]
                self.sink(f"{var.name}.{self.rng.choice(columns)}")
                return
            if self.schema[var.entity].relations and self.chance(0.5):
                relation = self.rng.choice(self.schema[var.entity].relations)
                self.sink(f"{var.name}.{relation.name}")
            else:
                self.sink(f"{var.name}.{self.column_of(var.entity)}")
            return
        form = self.rng.random()
        if form < 0.5:
            self.sink(self.expression(var.entity, var.name, supplied))
        elif form < 0.6:
            self._read_derived(var)
        elif form < 0.68:
            self._read_helper(var)
        elif form < 0.78:
            self._read_schema(var)
        elif form < 0.84:
            self._read_guarded(var)
        else:
            self._read_statement(var)

    def _read_many(self, var: Var) -> None:
        item = self.fresh(var.entity.lower() + "_item") if self.chance(0.5) else self.fresh("item")
        form = self.rng.random()
        alone = Var(item, var.entity, var.stage, var.supplied)
        if form < 0.4:
            with self.block.under(f"for {item} in {var.name}:"):
                self.read(alone)
                if self.chance(0.3):
                    self.read(alone)
        elif form < 0.58:
            inner = self._pure(lambda: self.expression(var.entity, item, var.supplied))
            self.sink(f"[{inner} for {item} in {var.name}]")
        elif form < 0.66:
            inner = self._pure(lambda: self.expression(var.entity, "one", var.supplied))
            self.sink(f"sorted({var.name}, key=lambda one: str({inner}))")
        elif form < 0.74:
            self._read_schema(var)
        elif form < 0.82:
            first = self.fresh("first")
            text = self.rng.choice([f"{first}, *rest = {var.name}", f"{first} = {var.name}[0]"])
            self.block.add(text)
            alone.name = first
            self.read(alone)
        elif form < 0.88:
            name = self._helper(var)
            self.sink(f"[{name}({item}) for {item} in {var.name}]")
        elif form < 0.93:
            self.sink(f"{{{item}.id: {item} for {item} in {var.name}}}")
        else:
            flag = self.flag()
            if flag:
                with self.block.under(f"if {flag}:"), self.block.under(f"for {item} in {var.name}:"):
                    self.read(alone)
            else:
                self.sink(f"len({var.name})")

    def _pure(self, write: Callable[[], str]) -> str:
        """An expression that awaits nothing."""
        before, self.plain = self.plain, True
        try:
            return write()
        finally:
            self.plain = before

    def _read_derived(self, var: Var) -> None:
        model = self.schema[var.entity]
        good = [one for one in model.derived if not one.path or one.path in var.supplied]
        some = good if good and self.chance(0.85) else model.derived
        if some and self.chance(0.7):
            self.sink(f"{var.name}{self.rng.choice(some).text}")
        elif model.speaks is not None and (
            not model.speaks or model.speaks in var.supplied or self.chance(0.3)
        ):
            form = self.rng.choice([f'f"{{{var.name}}}"', f"str({var.name})", f"repr({var.name})"])
            self.block.add(f"use({form})" if self.chance(0.6) else f"print({var.name})")
        else:
            self.sink(f"{var.name}.{self.column_of(var.entity)}")

    def _helper(self, var: Var) -> str:
        """A function that reads something of its parameter, maybe through another."""
        parameter = var.entity.lower()
        before = self.session, self.results
        self.session, self.results = "nothing", False
        inner = self._pure(lambda: self.expression(var.entity, parameter, var.supplied))
        self.session, self.results = before
        name = self.fresh(f"describe_{parameter}")
        annotation = f": {var.entity}" if self.chance(0.6) else ""
        body = [f"    return {inner}"]
        if self.chance(0.3):
            body = [f"    found = {inner}", "    return found"]
        self.define("helpers", name, [f"def {name}({parameter}{annotation}):", *body])
        if self.chance(0.25):
            outer = self.fresh(f"render_{parameter}")
            self.define(
                "helpers",
                outer,
                [f"def {outer}({parameter}):", f'    return {{"text": {name}({parameter})}}'],
            )
            return outer
        return name

    def _read_helper(self, var: Var) -> None:
        self.sink(f"{self._helper(var)}({var.name})")

    def _read_schema(self, var: Var) -> None:
        name, config = self._response(var.entity, var.supplied)
        extra = "" if config else ", from_attributes=True"
        if var.many:
            form = self.rng.random()
            if form < 0.6:
                self.sink(f"[{name}.model_validate(one{extra}) for one in {var.name}]")
            else:
                self.sink(f"TypeAdapter(list[{name}]).validate_python({var.name}{extra})")
        elif config and self.chance(0.08):
            self.sink(f"{name}.from_orm({var.name})")
        elif self.chance(0.12):
            self.sink(f"TypeAdapter({name}).validate_python({var.name}{extra})")
        else:
            dump = ".model_dump()" if self.chance(0.2) else ""
            self.sink(f"{name}.model_validate({var.name}{extra}){dump}")

    def _response(self, entity: str, supplied: set[Path]) -> tuple[str, bool]:
        """A response model, and whether it reads attributes by its own configuration."""
        config = self.chance(0.88)
        return self._response_class(entity, supplied, (), config, top=True), config

    def _response_class(
        self, entity: str, supplied: set[Path], prefix: Path, config: bool, *, top: bool = False
    ) -> str:
        model = self.schema[entity]
        fields = ["id: int | None"]
        for column in model.columns:
            if column.type in _VALUE_TYPES and column.name not in {"id", "kind"} and self.chance(0.55):
                fields.append(f"{column.name}: {column.type} | None")
        validated = ""
        for relation in model.relations:
            path = (*prefix, relation.name)
            wanted = self.chance(0.75) if path in supplied else self.chance(0.06)
            if not relation.loadable or not wanted or len(prefix) > 1:
                continue
            form = self.rng.random()
            label = self.schema[relation.target].label
            if relation.to_one and form < 0.1 and not relation.nullable and relation.lazy != "noload":
                alias = f'AliasPath("{relation.name}", "{label}")'
                fields.append(f"{relation.name}_{label}: str = PydanticField(validation_alias={alias})")
                continue
            inner = self._response_class(relation.target, supplied, path, config)
            kind = f"list[{inner}]" if relation.many else f"{inner} | None"
            default = ""
            name = relation.name
            if form < 0.2:
                name = f"{relation.name}_data"
                default = f' = PydanticField(validation_alias="{relation.name}")'
            elif form < 0.35:
                default = " = []" if relation.many else " = None"
            elif form < 0.4:
                validated = relation.name
            fields.append(f"{name}: {kind}{default}")
        # Fields with defaults may stand anywhere in pydantic models.
        name = self.fresh(f"{entity}Out" if top else f"{entity}Brief")
        base = "BaseModel"
        if config:
            base = "ResponseModel"
            if "ResponseModel" not in self.made:
                self.made["ResponseModel"] = "1"
                lines = [
                    "class ResponseModel(BaseModel):",
                    "    model_config = ConfigDict(from_attributes=True)",
                ]
                self.define("schemas", "ResponseModel", lines)
        if len(fields) > 2 and self.chance(0.15):
            parent = self.fresh(f"{entity}Base")
            self.define(
                "schemas", parent, [f"class {parent}({base}):", *("    " + one for one in fields[:2])]
            )
            base, fields = parent, fields[2:]
        if validated:
            fields += ["", f'@field_validator("{validated}", mode="before")', "@classmethod"]
            fields += ["def check(cls, value):", "    return value"]
        self.define(
            "schemas", name, [f"class {name}({base}):", *("    " + one if one else "" for one in fields)]
        )
        return name

    def _read_guarded(self, var: Var) -> None:
        """A read that only happens when the attribute is loaded, or that looks as if it did."""
        usable = [relation for relation in self.schema[var.entity].relations if relation.loadable]
        if not usable:
            self.sink(f"{var.name}.{self.column_of(var.entity)}")
            return
        relation = self.rng.choice(usable)
        label = self.schema[relation.target].label
        value = f"{var.name}.{relation.name}"
        inner = f"[item.{label} for item in {value}]" if relation.many else value
        guard = self.rng.choice(
            [
                f'if "{relation.name}" in {var.name}.__dict__:',
                f'if "{relation.name}" not in inspect({var.name}).unloaded:',
                f'if hasattr({var.name}, "{relation.name}"):',
                f"if {value}:",
                f"if (found := {value}) is not None:" if relation.to_one else f"if len({value}) > 0:",
            ][: 5 if (relation.name,) in var.supplied or self.chance(0.3) else 2]
        )
        with self.block.under(guard):
            self.sink(inner)

    def _read_statement(self, var: Var) -> None:
        """Reads that are statements of their own."""
        relation = self.choose(var.entity, var.supplied, ())
        if relation is None or not relation.loadable:
            self.sink(f"{var.name}.{self.column_of(var.entity)}")
            return
        value = f"{var.name}.{relation.name}"
        target = self.schema[relation.target]
        below = {path[1:] for path in var.supplied if len(path) > 1 and path[0] == relation.name}
        if relation.to_one:
            if relation.nullable or relation.lazy == "noload":
                self.sink(value)
            elif self.chance(0.35):
                with (
                    self.block.under(f"match {var.name}:"),
                    self.block.under(
                        f"case {var.entity}({relation.name}={target.name}({target.label}=found)):"
                    ),
                ):
                    self.block.add("use(found)")
            else:
                name = self.fresh(relation.name)
                self.block.add(f"{name} = {value}")
                self.read(Var(name, target.name, var.stage, below))
            return
        form = self.rng.random()
        item = self.fresh("item")
        if form < 0.5:
            with self.block.under(f"for {item} in {value}:"):
                self.read(Var(item, target.name, var.stage, below))
        elif form < 0.65:
            mine = [other for other in self.singles("persistent") if other.entity == target.name]
            thing = self.rng.choice(mine).name if mine else "None"
            self.sink(f"{thing} in {value}")
        elif form < 0.75:
            self.block.add(
                f"for index, {item} in enumerate({value}):", f"    use(index, {item}.{target.label})"
            )
        elif form < 0.85:
            flag = self.flag()
            with self.block.under(f"if {flag}:" if flag else f"if {value}:"):
                self.sink(f"len({value})")
        elif (
            var.stage == "persistent"
            and not self._demanding(target.name)
            and "viewonly=True" not in relation.arguments
        ):
            self.block.add(f'{value}.append({target.name}({target.label}="added"))')
        else:
            self.sink(f"{value}[:1]")

    # --- the whole ---------------------------------------------------------------------

    def steps(self, count: int) -> None:
        """Queries, changes and reads."""
        for _ in range(count):
            form = self.rng.random()
            known = [var for var in self.vars if var.stage != "unsure" or self.chance(0.1)]
            if not known or form < 0.12:
                self.query() if self.chance(0.72) else self.construct()
            elif self.fills_session and self.chance(0.3):
                self.rng.choice(sessions.SCENES)(self)
            elif self.has_more and self.chance(0.3):
                self.rng.choice(further.SCENES)(self)
            elif form < 0.36:
                self.change()
            else:
                self.read(self.rng.choice(known[-4:] if self.chance(0.8) else known))
                if self.chance(0.04) and self.flags:
                    with self.block.under(f"if {self.rng.choice(self.flags)}:"):
                        self.block.add("return results")

    def polymorphic(self) -> None:
        """Rows of a base class, and a column of the subclass."""
        if "Asset" in self.schema.entities and self.chance(0.6):
            entity = self.rng.choice(["Asset", "Asset", "Image"])
            self.block.add(f"for asset in (await session.scalars(select({entity}))).all():")
            with self.block.under("    if isinstance(asset, Image):"):
                self.block.add("    use(asset.width)")

    def program(self) -> Program:
        """The text of all files."""
        shape = self.rng.choices(
            ["plain", "main", "begin", "block", "two", "try", "generator"], [44, 16, 8, 8, 10, 6, 8]
        )[0]
        self.block.depth = 1
        count = self.rng.randint(3, 8)
        if shape == "main":
            self.block.add("results = []")
            self._acquire()
            self.steps(count)
            self.polymorphic()
            self.block.add(self._result())
            body = self.block.lines
            parameters = ", ".join(
                ["session: AsyncSession" if self.chance(0.8) else "session", *self._parameters()]
            )
            arguments = ", ".join(["session", *self.flags])
            self.define("main", "main", [f"async def main({parameters}):", *body])
            self.block = Block(depth=1)
            with self.block.under("async with SessionLocal() as session:"):
                self.block.add(f"found = await main({arguments})")
                if self.chance(0.3):
                    self.block.add("use(found)")
        else:
            self._opened(shape, count)
        run = [f"async def run({', '.join(self._parameters())}):", *self.block.lines]
        self.define("main", "run", run)
        self.names["run"] = "main"
        return Program(self.seed, self._files(), len(self.flags))

    def _parameters(self) -> list[str]:
        return [f"{flag}: bool" for flag in self.flags]

    def _result(self) -> str:
        names = [var.name for var in self.vars if var.stage == "persistent"]
        return f"return {self.rng.choice(names)}" if names and self.chance(0.3) else "return results"

    def _acquire(self) -> None:
        for _ in range(self.rng.choice([1, 1, 1, 2])):
            if self.chance(0.78):
                self.query()
            else:
                self.construct()

    def _opened(self, shape: str, count: int) -> None:
        block = self.block
        block.add("results = []")
        if shape == "begin":
            self.in_begin = True
            with block.under("async with SessionLocal.begin() as session:"):
                self._acquire()
                self.steps(count)
        elif shape == "block":
            with block.under("async with SessionLocal() as session:"):
                self.in_begin = True
                with block.under("async with session.begin():"):
                    self._acquire()
                    self.steps(count // 2)
                self.in_begin = False
                for var in self.vars:
                    var.stage = "persistent" if var.stage == "pending" else var.stage
                self.steps(count // 2)
        elif shape == "two":
            with block.under("async with SessionLocal() as session:"):
                self._acquire()
                self.steps(count // 2)
            self._detach()
            if self.chance(0.5):
                self._late(1)
            with block.under("async with SessionLocal() as session:"):
                if self.singles("detached") and self.chance(0.6):
                    self._merge()
                self._acquire()
                self.steps(count // 2)
        elif shape == "try":
            block.add("session = SessionLocal()")
            with block.under("try:"):
                self._acquire()
                self.steps(count)
            with block.under("finally:"):
                block.add("await session.close()")
        elif shape == "generator":
            lines = [
                "async def get_session():",
                "    async with SessionLocal() as session:",
                "        yield session",
            ]
            self.define("database", "get_session", lines)
            with block.under("async for session in get_session():"):
                self._acquire()
                self.steps(count)
                self.polymorphic()
        else:
            with block.under("async with SessionLocal() as session:"):
                self._acquire()
                self.steps(count)
                self.polymorphic()
        self._detach()
        self.closed = True
        if shape != "generator" and self.chance(0.35):
            self._late(self.rng.choice([1, 1, 2]))
        block.add("return results")

    def _late(self, count: int) -> None:
        """Reads after the session is closed."""
        known = [var for var in self.vars if var.stage == "detached"]
        before, self.closed = self.closed, True
        for _ in range(count if known else 0):
            var = self.rng.choice(known)
            self.read(var)
        self.closed = before

    def _factory(self) -> list[str]:
        expire = self.chance(0.3)
        arguments = ["engine"]
        cls = self.rng.random()
        if self.exec or self.schema.style == "sqlmodel":
            maker = "async_sessionmaker"
            arguments.append("class_=AsyncSession")
        elif cls < 0.1:
            maker = "sessionmaker"
            arguments.append("class_=AsyncSession")
        else:
            maker = "async_sessionmaker"
            if cls < 0.2:
                arguments.append("class_=AsyncSession")
        if not expire:
            arguments.append("expire_on_commit=False")
        elif self.chance(0.2):
            arguments.append("expire_on_commit=True")
        if self.chance(0.06):
            arguments.append("autoflush=False")
        return [f'engine = create_async_engine("{URL}")', f"SessionLocal = {maker}({', '.join(arguments)})"]

    def _files(self) -> dict[str, str]:
        names = {**self.names}
        renamed = {"PydanticField": "pydantic"}
        if self.exec or self.schema.style == "sqlmodel":
            renamed["AsyncSession"] = "sqlmodel.ext.asyncio.session"
        if self.exec:
            renamed["select"] = "sqlmodel"
        order = ["models", "database", "queries", "schemas", "helpers", "repositories", "main"]
        texts: dict[str, list[str]] = {name: [] for name in order}
        if self.split:
            names.update(engine="database", SessionLocal="database")
            texts["database"] += [*self._factory(), "", ""]
            for name, lines in self.modules.items():
                texts[name.split(":")[0]] += [*lines, "", ""] if ":" in name else lines
        else:
            names = dict.fromkeys(names, "main")
            texts["main"] += [*self.modules["models"], *self._factory(), "", ""]
            for name, lines in self.modules.items():
                if name.startswith("main:"):
                    texts["main"] += [*lines, "", ""]
            texts["main"] += self.modules.get("main", [])
        texts["main"] = self._with_use(texts["main"])
        files = {}
        for name, lines in texts.items():
            if lines:
                body = "\n".join(lines).rstrip() + "\n"
                head = _imports(body, names, name, renamed)
                head = [
                    line.replace("import PydanticField", "import Field as PydanticField") for line in head
                ]
                head = [line.replace(", PydanticField", ", Field as PydanticField") for line in head]
                files[f"{name}.py"] = "\n".join(head) + "\n\n\n" + body if head else body
        return files

    @staticmethod
    def _with_use(lines: list[str]) -> list[str]:
        """The lines of main, with the function that takes values for nothing where they call it."""
        if any("use(" in line for line in lines):
            return ["def use(*values):", '    """Take values."""', "", "", *lines]
        return lines


_VALUE_TYPES = {"str", "int", "datetime"}
