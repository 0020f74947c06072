"""Random models: what the classes are, and the text that declares them.

A schema always has users and posts, and often comments, tags, profiles and assets.  The
names of columns are the same in all schemas; styles, strategies and defaults differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

EAGER = frozenset({"joined", "selectin", "subquery", "immediate"})
OPAQUE = frozenset({"dynamic", "write_only"})
"""Strategies whose attribute is no plain collection, and which no loader option may name."""
_SPELLINGS = {
    "select": ["", "", "", "", '"select"', "True"],
    "joined": ['"joined"', '"joined"', "False"],
    "noload": ['"noload"', "None"],
}
_LAZY = {
    "select": 74,
    "selectin": 8,
    "joined": 5,
    "subquery": 2,
    "immediate": 2,
    "raise": 2,
    "raise_on_sql": 2,
    "noload": 1.5,
    "dynamic": 1.5,
    "write_only": 1.5,
}
_WRONG = ["select_in", "eager", "lazy"]


@dataclass(frozen=True)
class Column:
    """A column; ``extra`` are the arguments that make it special."""

    name: str
    type: str = "str"
    key: str = ""
    nullable: bool = False
    extra: tuple[str, ...] = ()
    deferred: bool = False
    init: bool = True

    @property
    def writable(self) -> bool:
        return self.type == "str" and self.init and self.name != "kind"


@dataclass
class Relation:
    """One side of a relationship."""

    owner: str
    name: str
    target: str
    many: bool = False
    lazy: str = "select"
    arguments: list[str] = field(default_factory=list)
    declared: bool = True
    nullable: bool = False
    key: str = ""
    secondary: bool = False

    @property
    def to_one(self) -> bool:
        return not self.many

    @property
    def loadable(self) -> bool:
        """Whether loader options and refresh may name it."""
        return self.lazy not in OPAQUE


@dataclass(frozen=True)
class Derived:
    """A property or method of a model that reads other attributes."""

    text: str
    """How it is read from an instance, such as ``.headline()``."""
    path: tuple[str, ...]
    """The relationships that it goes along, or nothing."""


@dataclass
class Entity:
    """A model."""

    name: str
    table: str
    columns: list[Column]
    relations: list[Relation] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)
    speaks: tuple[str, ...] | None = None
    """The relationships that its ``__repr__`` reads; None without one."""
    label: str = "name"
    """A column of text."""
    body: list[str] = field(default_factory=list)
    base: str = ""

    def relation(self, name: str) -> Relation:
        return next(relation for relation in self.relations if relation.name == name)

    def column(self, name: str) -> Column | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass
class Schema:
    """All models of a program and the lines that declare them."""

    style: str
    entities: dict[str, Entity]
    async_attrs: bool
    lines: list[str]
    names: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Entity:
        return self.entities[name]


def random_schema(rng: Random, extend: Callable[[Random, Schema], None] | None = None) -> Schema:
    """A schema of any style; ``extend`` changes its models before they are written."""
    style = rng.choices(["mapped", "column", "dataclass", "sqlmodel"], [62, 26, 6, 6])[0]
    entities = _entities(rng, style)
    _relate(rng, style, entities)
    for entity in entities.values():
        _behave(rng, style, entity, entities)
    async_attrs = style in {"mapped", "column"} and rng.random() < 0.4
    schema = Schema(style, entities, async_attrs, [])
    if extend is not None:
        extend(rng, schema)
    _write(rng, schema)
    return schema


# --- what there is -------------------------------------------------------------------


def _entities(rng: Random, style: str) -> dict[str, Entity]:
    ident = Column("id", "int", init=False)
    stamps = _stamps(rng, style)
    user = [ident, Column("name"), Column("email", nullable=True)]
    post = [ident, Column("title"), Column("body", nullable=True)]
    post.append(Column("author_id", "int", "users.id", nullable=rng.random() < 0.6))
    plain = style != "sqlmodel"
    if plain and rng.random() < 0.2:
        post[2] = Column("body", nullable=True, deferred=True)
    if plain and rng.random() < 0.12:
        user.append(Column("bio", nullable=True, deferred=True))
    if plain and rng.random() < 0.1:
        post.append(Column("slug", nullable=True, extra=("Computed(\"title || '-x'\")",), init=False))
    if plain and rng.random() < 0.15:
        post.append(Column("state", extra=('server_default="draft"',), init=False))
    if rng.random() < 0.3:
        user += stamps
    if rng.random() < 0.4:
        post += stamps
    if style in {"mapped", "column"} and rng.random() < 0.2:
        post.append(Column("editor_id", "int", "users.id", nullable=True))
    entities = {
        "User": Entity("User", "users", user),
        "Post": Entity("Post", "posts", post, label="title"),
    }
    if rng.random() < 0.7:
        columns = [ident, Column("text"), Column("post_id", "int", "posts.id", nullable=True)]
        columns.append(Column("author_id", "int", "users.id", nullable=True))
        if style in {"mapped", "column"} and rng.random() < 0.15:
            columns.append(Column("parent_id", "int", "comments.id", nullable=True))
        entities["Comment"] = Entity("Comment", "comments", columns, label="text")
    if rng.random() < 0.5:
        entities["Tag"] = Entity("Tag", "tags", [ident, Column("name")])
    if rng.random() < 0.45:
        columns = [ident, Column("city"), Column("user_id", "int", "users.id", nullable=True)]
        entities["Profile"] = Entity("Profile", "profiles", columns, label="city")
    if style == "mapped" and rng.random() < 0.1:
        columns = [ident, Column("label"), Column("kind", nullable=True)]
        entities["Asset"] = Entity("Asset", "assets", columns, label="label")
        entities["Image"] = Entity(
            "Image", "", [Column("width", "int", nullable=True)], base="Asset", label="label"
        )
    return entities


def _stamps(rng: Random, style: str) -> list[Column]:
    created = Column(
        "created_at", "datetime", nullable=True, extra=("server_default=func.now()",), init=False
    )
    onupdate = rng.choice(
        ["onupdate=func.now()"] * 3 + ["onupdate=datetime.now", "server_onupdate=FetchedValue()"]
    )
    updated = Column("updated_at", "datetime", nullable=True, extra=(onupdate,), init=False)
    if rng.random() < 0.5:
        updated = Column(
            "updated_at", "datetime", nullable=True, extra=("server_default=func.now()", onupdate), init=False
        )
    return [created, updated] if rng.random() < 0.6 else [updated]


def _relate(rng: Random, style: str, entities: dict[str, Entity]) -> None:
    eager = rng.random() < 0.2

    def pair(
        owner: str, name: str, target: str, back: str, key: str, many: bool = True, chance: float = 0.85
    ) -> None:
        """A many-to-one with its key, and maybe the other side."""
        source = entities[owner]
        column = source.column(key)
        assert column is not None
        one = Relation(owner, name, target, nullable=key in {"editor_id", "parent_id"}, key=key)
        ambiguous = len([other for other in source.columns if other.key == column.key]) > 1
        keys = [f'foreign_keys="{owner}.{key}"'] if ambiguous else []
        one.lazy = _lazy(rng, many=False, eager=eager)
        one.arguments = [*keys]
        if owner == target:
            one.arguments.append(f'remote_side="{owner}.id"')
        source.relations.append(one)
        if rng.random() < chance:
            other = Relation(target, back, owner, many=many, nullable=not many)
            other.lazy = _lazy(rng, many=many, eager=eager)
            other.arguments = [] if many or style not in {"column", "sqlmodel"} else ["uselist=False"]
            if style == "sqlmodel" and not many:
                other.arguments = []
            entities[target].relations.append(other)
            _link(rng, style, one, other, keys)

    pair("Post", "author", "User", "posts", "author_id")
    if entities["Post"].column("editor_id"):
        pair("Post", "editor", "User", "edited", "editor_id", chance=0.3)
    if "Comment" in entities:
        pair("Comment", "post", "Post", "comments", "post_id", chance=0.95)
        pair("Comment", "author", "User", "comments", "author_id", chance=0.35)
        if entities["Comment"].column("parent_id"):
            pair("Comment", "parent", "Comment", "replies", "parent_id", chance=0)
    if "Profile" in entities:
        pair("Profile", "user", "User", "profile", "user_id", many=False, chance=0.95)
    if "Tag" in entities:
        lazy = _lazy(rng, many=True, eager=eager)
        lazy = "select" if lazy in OPAQUE else lazy
        tags = Relation("Post", "tags", "Tag", many=True, lazy=lazy, secondary=True)
        entities["Post"].relations.append(tags)
        if rng.random() < 0.7:
            lazy = _lazy(rng, many=True, eager=eager)
            lazy = "select" if lazy in OPAQUE else lazy
            posts = Relation("Tag", "posts", "Post", many=True, lazy=lazy, secondary=True)
            entities["Tag"].relations.append(posts)
            _link(rng, style, tags, posts, [])
    if rng.random() < 0.004:
        relation = rng.choice(entities["Post"].relations)
        relation.lazy = rng.choice(_WRONG)


def _lazy(rng: Random, *, many: bool, eager: bool) -> str:
    lazy = rng.choices([*_LAZY], [*_LAZY.values()])[0]
    if eager and rng.random() < 0.4:
        lazy = rng.choice(["selectin", "selectin", "joined", "immediate"])
    return "select" if not many and lazy in OPAQUE else lazy


def _link(rng: Random, style: str, one: Relation, other: Relation, keys: Sequence[str]) -> None:
    """Let two sides know each other, by a name on both or by a backref on one."""
    if (
        style in {"mapped", "column"}
        and not one.secondary
        and rng.random() < (0.25 if style == "column" else 0.08)
    ):
        other.declared = False
        spelled = _spell(rng, other.lazy)
        arguments = [f"lazy={spelled}"] if spelled else []
        arguments += ["uselist=False"] if not other.many else []
        simple = not arguments
        one.arguments.append(
            f'backref="{other.name}"'
            if simple
            else f'backref=backref("{other.name}", {", ".join(arguments)})'
        )
    elif one.secondary or keys or rng.random() < 0.9:
        one.arguments.append(f'back_populates="{other.name}"')
        other.arguments.append(f'back_populates="{one.name}"')
        other.arguments += keys
    else:
        one.arguments.append("viewonly=True" if rng.random() < 0.2 else f'back_populates="{other.name}"')
        if "viewonly=True" not in one.arguments:
            other.arguments.append(f'back_populates="{one.name}"')


def _spell(rng: Random, lazy: str) -> str:
    return rng.choice(_SPELLINGS.get(lazy, [f'"{lazy}"']))


def _behave(rng: Random, style: str, entity: Entity, entities: dict[str, Entity]) -> None:
    """Properties, methods and a ``__repr__``."""
    if entity.base:
        return
    chained = [one for one in entity.relations if one.to_one and not one.nullable and one.lazy != "noload"]
    lists = [many for many in entity.relations if many.many and many.loadable]

    def define(name: str, value: str, path: tuple[str, ...], kind: str) -> None:
        if kind == "method":
            entity.body += [f"def {name}(self):", f"    return {value}", ""]
        else:
            entity.body += [f"@{kind}", f"def {name}(self):", f"    return {value}", ""]
        entity.derived.append(Derived(f".{name}()" if kind == "method" else f".{name}", path))

    # A property that only an instance can answer: as a hybrid it would be asked on the class.
    kinds = ["property"] * 3 + ["method"] * 2
    if chained and rng.random() < 0.3:
        one = rng.choice(chained)
        label = entities[one.target].label
        define(f"{one.name}_label", f"self.{one.name}.{label}", (one.name,), rng.choice(kinds))
    if lists and rng.random() < 0.3:
        many = rng.choice(lists)
        label = entities[many.target].label
        value = rng.choice([f"len(self.{many.name})", f"[item.{label} for item in self.{many.name}]"])
        define(f"all_{many.name}", value, (many.name,), rng.choice(kinds))
    if rng.random() < 0.12:
        define("headline", f'f"{{self.{entity.label}}} ({{self.id}})"', (), rng.choice(kinds))
    if style in {"mapped", "column"} and lists and rng.random() < 0.1:
        many = rng.choice(lists)
        label = entities[many.target].label
        entity.body += [f'{many.name}_texts = association_proxy("{many.name}", "{label}")', ""]
        entity.derived.append(Derived(f".{many.name}_texts", (many.name,)))
    if style in {"mapped", "column"} and rng.random() < 0.05:
        entity.columns.append(Column("loud", "property", init=False))
    if style != "dataclass" and style != "sqlmodel" and rng.random() < 0.25:
        one_path = (rng.choice(chained).name,) if chained and rng.random() < 0.35 else ()
        value = f"{{self.{entity.label}!r}}"
        if one_path:
            value += f" {{self.{one_path[0]}.{entities[entity.relation(one_path[0]).target].label}}}"
        entity.body += ["def __repr__(self) -> str:", f'    return f"<{entity.name} {value}>"', ""]
        entity.speaks = one_path


# --- the text ------------------------------------------------------------------------

_TYPES = {"str": "String(50)", "int": "Integer", "datetime": "DateTime"}


def _write(rng: Random, schema: Schema) -> None:
    lines = schema.lines
    style = schema.style
    mixed = _mixin(rng, schema)
    if style in {"mapped", "column"}:
        bases = ["AsyncAttrs"] if schema.async_attrs else []
        if style == "column" and not bases and rng.random() < 0.3:
            lines += ["Base = declarative_base()", "", ""]
        else:
            lines += [f"class Base({', '.join([*bases, 'DeclarativeBase'])}):", "    pass", "", ""]
        schema.names["Base"] = "models"
    elif style == "dataclass":
        lines += ["class Base(MappedAsDataclass, DeclarativeBase, kw_only=True):", "    pass", "", ""]
        schema.names["Base"] = "models"
    if mixed:
        lines += ["class Stamped:", *_indented(_column_lines(schema, mixed)), "", ""]
        schema.names["Stamped"] = "models"
    if "Tag" in schema.entities:
        lines += _association(schema) + ["", ""]
    order = ["User", "Tag", "Post", "Comment", "Profile", "Asset", "Image"]
    for name in order if rng.random() < 0.6 else sorted(order):
        if name in schema.entities:
            lines += _class_lines(rng, schema, schema[name], mixed) + ["", ""]
            schema.names[name] = "models"
    lazies = {relation.lazy for entity in schema.entities.values() for relation in entity.relations}
    backrefs = any(
        not relation.declared for entity in schema.entities.values() for relation in entity.relations
    )
    if backrefs and not lazies & {*_WRONG}:
        lines += ["configure_mappers()", ""]


def _mixin(rng: Random, schema: Schema) -> list[Column]:
    """The stamps, when a mixin is to declare them."""
    stamps = [column for column in schema["Post"].columns if column.type == "datetime"]
    return stamps if stamps and schema.style in {"mapped", "column"} and rng.random() < 0.4 else []


def _association(schema: Schema) -> list[str]:
    if schema.style == "sqlmodel":
        schema.names["PostTag"] = "models"
        return [
            "class PostTag(SQLModel, table=True):",
            '    __tablename__ = "post_tags"',
            "",
            '    post_id: int | None = Field(default=None, foreign_key="posts.id", primary_key=True)',
            '    tag_id: int | None = Field(default=None, foreign_key="tags.id", primary_key=True)',
        ]
    schema.names["post_tags"] = "models"
    return [
        "post_tags = Table(",
        '    "post_tags",',
        "    Base.metadata,",
        '    Column("post_id", ForeignKey("posts.id"), primary_key=True),',
        '    Column("tag_id", ForeignKey("tags.id"), primary_key=True),',
        ")",
    ]


def _class_lines(rng: Random, schema: Schema, entity: Entity, mixed: list[Column]) -> list[str]:
    style = schema.style
    if entity.base:
        return [
            f"class {entity.name}({entity.base}):",
            "    width: Mapped[int | None] = mapped_column()",
            "",
            '    __mapper_args__ = {"polymorphic_identity": "image"}',
        ]
    columns = [column for column in entity.columns if column not in mixed]
    if style == "sqlmodel":
        head = f"class {entity.name}(SQLModel, table=True):"
    else:
        head = f"class {entity.name}({'Stamped, ' if len(columns) < len(entity.columns) else ''}Base):"
    body = [f'__tablename__ = "{entity.table}"']
    stamped = any("onupdate" in extra for column in entity.columns for extra in column.extra)
    if entity.name == "Asset":
        body.append('__mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "asset"}')
    elif stamped and style != "sqlmodel" and rng.random() < 0.12:
        body.append('__mapper_args__ = {"eager_defaults": True}')
    elif style in {"mapped", "column"} and rng.random() < 0.02:
        body.append('__mapper_args__ = {"eager_defaults": False}')
    body += ["", *_column_lines(schema, columns, entity.label)]
    declared = [relation for relation in entity.relations if relation.declared]
    if declared:
        body.append("")
    body += [_relation_line(rng, schema, relation) for relation in declared]
    if entity.body:
        body += ["", *entity.body[:-1]]
    return [head, *_indented(body)]


def _column_lines(schema: Schema, columns: Sequence[Column], label: str = "") -> list[str]:
    label = label if any(column.type == "property" for column in columns) else ""
    return [_column_line(schema.style, column, label) for column in columns]


def _column_line(style: str, column: Column, label: str) -> str:
    if column.type == "property":
        declared = ": Mapped[str]" if style == "mapped" else ""
        return f'loud{declared} = column_property({label} + "!")'
    optional = f"{column.type} | None" if column.nullable else column.type
    key = [f'ForeignKey("{column.key}")'] if column.key else []
    if style == "sqlmodel":
        return _field_line(column)
    if style == "column":
        if column.name == "id":
            return "id = Column(Integer, primary_key=True)"
        computed = [extra for extra in column.extra if extra.startswith("Computed")]
        others = [extra for extra in column.extra if extra not in computed]
        arguments = [_TYPES[column.type], *key, *computed, *others]
        arguments += [] if column.nullable or others else ["nullable=False"]
        text = f"Column({', '.join(arguments)})"
        return f"{column.name} = " + (f"deferred({text})" if column.deferred else text)
    arguments = [*key, *column.extra]
    if column.name == "id":
        arguments = ["primary_key=True"]
    if column.deferred:
        arguments.append("deferred=True")
    if style == "dataclass":
        if not column.init or column.name == "id":
            arguments.append("init=False")
        elif column.nullable or column.key:
            arguments.append("default=None")
        if column.extra or column.deferred:
            arguments.append("repr=False")
    plain = not arguments and column.name != label
    value = "" if plain else f" = mapped_column({', '.join(arguments)})"
    return f"{column.name}: Mapped[{optional}]{value}"


def _field_line(column: Column) -> str:
    if column.name == "id":
        return "id: int | None = Field(default=None, primary_key=True)"
    arguments = ["default=None"] if column.nullable or column.key or column.extra else []
    arguments += [f'foreign_key="{column.key}"'] if column.key else []
    if column.extra:
        pairs = [extra.split("=", 1) for extra in column.extra]
        arguments.append(
            "sa_column_kwargs={" + ", ".join(f'"{name}": {value}' for name, value in pairs) + "}"
        )
    optional = f"{column.type} | None" if arguments else column.type
    return f"{column.name}: {optional}" + (f" = Field({', '.join(arguments)})" if arguments else "")


def _relation_line(rng: Random, schema: Schema, relation: Relation) -> str:
    spelled = _spell(rng, relation.lazy)
    arguments = [*relation.arguments]
    lazy = [f"lazy={spelled}"] if spelled else []
    if schema.style == "sqlmodel":
        keywords = [*([("lazy", spelled)] if spelled else [])]
        if relation.secondary:
            arguments.append("link_model=PostTag")
        viewonly = [argument for argument in arguments if argument.startswith("viewonly")]
        arguments = [argument for argument in arguments if argument not in viewonly]
        keywords += [("viewonly", "True") for _ in viewonly]
        if keywords:
            inner = ", ".join(f'"{name}": {value}' for name, value in keywords)
            arguments.append(f"sa_relationship_kwargs={{{inner}}}")
        kind = f'list["{relation.target}"]' if relation.many else f'Optional["{relation.target}"]'
        return f"{relation.name}: {kind} = Relationship({', '.join(arguments)})"
    if relation.secondary:
        arguments.insert(0, "secondary=post_tags")
    arguments += lazy
    if schema.style == "column":
        return f"{relation.name} = relationship({', '.join([_quoted(relation.target), *arguments])})"
    if schema.style == "dataclass":
        arguments.append("default_factory=list" if relation.many else "default=None")
        if rng.random() < 0.85:
            arguments.append("repr=False")
    if relation.lazy == "dynamic":
        kind = f'DynamicMapped["{relation.target}"]'
    elif relation.lazy == "write_only":
        kind = f'WriteOnlyMapped["{relation.target}"]'
    elif relation.many:
        kind = f'Mapped[list["{relation.target}"]]'
    else:
        optional = relation.nullable or rng.random() < 0.2
        kind = f'Mapped[Optional["{relation.target}"]]' if optional else f'Mapped["{relation.target}"]'
    return f"{relation.name}: {kind} = relationship({', '.join(arguments)})"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _indented(lines: Sequence[str]) -> list[str]:
    return ["    " + line if line else line for line in lines]
