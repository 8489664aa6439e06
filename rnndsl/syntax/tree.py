"""The syntax tree: frozen, slotted dataclasses, one for each form of the language.

The tree holds what was written and where, nothing resolved. Every node has a `span`; comments are kept beside the tree in
`Module.comments` (doc comments also on the definition they belong to).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rnndsl.source import SourceFile, Span


@dataclass(frozen=True, slots=True)
class Node:
    span: Span


# ---------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Number(Node):
    value: int | float


@dataclass(frozen=True, slots=True)
class String(Node):
    value: str


@dataclass(frozen=True, slots=True)
class Boolean(Node):
    value: bool


@dataclass(frozen=True, slots=True)
class Name(Node):
    """An identifier, `training` and `t` included."""

    name: str


@dataclass(frozen=True, slots=True)
class ListExpr(Node):
    items: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Range(Node):
    """`a..b`, `a..`, `..b`: in `for` and between index brackets only. `stop` is not included."""

    start: Expr | None
    stop: Expr | None


@dataclass(frozen=True, slots=True)
class Unary(Node):
    op: Literal["-", "not"]
    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary(Node):
    op: Literal["+", "-", "*", "/", "//", "%", "**", "@", "==", "!=", "<", "<=", ">", ">=", "and", "or"]
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`if condition then yes else no`."""

    condition: Expr
    yes: Expr
    no: Expr


@dataclass(frozen=True, slots=True)
class Argument(Node):
    """One argument of a call, a field of a record, or a default of `with`. `name` may be dotted (`lstm.h`) in a record."""

    name: str | None
    name_span: Span | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: Expr
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Index(Node):
    """`x[i]`, `x[a..b, i]`, `cell[k]`."""

    target: Expr
    indices: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Delay(Node):
    """`h[t - steps]`. `h[t]` has `steps` None."""

    target: Expr
    steps: Expr | None


@dataclass(frozen=True, slots=True)
class Attribute(Node):
    target: Expr
    name: str
    name_span: Span


@dataclass(frozen=True, slots=True)
class Record(Node):
    """`(h = a, lstm.c = b)`: the value of `initial` and `given`."""

    fields: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class CollectionSet(Node):
    """`{losses, mine}`."""

    names: tuple[Name, ...]


Expr = (
    Number
    | String
    | Boolean
    | Name
    | ListExpr
    | Range
    | Unary
    | Binary
    | Conditional
    | Call
    | Index
    | Delay
    | Attribute
    | Record
    | CollectionSet
)


# ---------------------------------------------------------------- parts of statements


@dataclass(frozen=True, slots=True)
class IndexedName(Node):
    """What a statement defines: `lstm`, or a member of a family, `cell[k + 1]`."""

    name: str
    index: Expr | None = None


@dataclass(frozen=True, slots=True)
class Rest(Node):
    """`...` as the first of a type's dims: any number of further dims."""


@dataclass(frozen=True, slots=True)
class TensorTypeExpr(Node):
    """`f32[batch, time, n]`, `[n]`, `i32[]`."""

    dtype: Name | None
    dims: tuple[Expr | Rest, ...]


@dataclass(frozen=True, slots=True)
class ConstructorParam(Node):
    """`name: type = default`; `is_list` for `[cell]`."""

    name: str
    type: Name
    is_list: bool
    default: Expr | None


@dataclass(frozen=True, slots=True)
class Selector(Node):
    """A pattern over paths, as written: `enc/**/w*`."""

    pattern: str


# ---------------------------------------------------------------- statements


@dataclass(frozen=True, slots=True)
class Input(Node):
    """`input x: T = initial`, `target y: T`, `given memory: T`. A block's or cell's input may leave the type out."""

    kind: Literal["input", "target", "given"]
    name: IndexedName
    type: TensorTypeExpr | None
    initial: Expr | None
    doc: str | None


@dataclass(frozen=True, slots=True)
class VariableDecl(Node):
    """`param w: f32[n, m] ~ init in {c} frozen`, `var ...`."""

    kind: Literal["param", "var"]
    name: IndexedName
    type: TensorTypeExpr
    initializer: Expr | None
    collections: tuple[Name, ...]
    frozen: bool
    doc: str | None


@dataclass(frozen=True, slots=True)
class State(Node):
    name: IndexedName
    type: TensorTypeExpr
    initial: Expr
    doc: str | None


@dataclass(frozen=True, slots=True)
class Layer(Node):
    """`layer enc = LSTM(128) with (...)`."""

    name: IndexedName
    constructor: Expr
    defaults: tuple[Argument, ...]
    doc: str | None


@dataclass(frozen=True, slots=True)
class Scope(Node):
    name: IndexedName
    defaults: tuple[Argument, ...]
    body: tuple[Statement, ...]
    doc: str | None


@dataclass(frozen=True, slots=True)
class Equation(Node):
    name: IndexedName
    value: Expr
    doc: str | None


@dataclass(frozen=True, slots=True)
class Output(Node):
    """`output value` or `output name = value`."""

    name: Name | None
    value: Expr


@dataclass(frozen=True, slots=True)
class Update(Node):
    """`update target <- value in {collections}`."""

    target: Expr
    value: Expr
    collections: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Measure(Node):
    """`loss name in c = value`, `metric name = value`, `residual name = value`."""

    kind: Literal["loss", "metric", "residual"]
    name: Name
    collection: Name | None
    value: Expr
    doc: str | None


@dataclass(frozen=True, slots=True)
class Train(Node):
    """`train name = optimizer on losses over selection after collection`. `order_collection` is `none` for `after none`."""

    name: Name
    optimizer: Expr
    on: tuple[Name, ...]
    over: tuple[Selector | CollectionSet, ...]
    order: Literal["before", "after"] | None
    order_collection: Name | None
    doc: str | None


@dataclass(frozen=True, slots=True)
class InitSelector(Node):
    selector: Selector
    initializer: Expr
    optional: bool


@dataclass(frozen=True, slots=True)
class FreezeSelector(Node):
    """`freeze p` or, with `frozen` false, `unfreeze p`."""

    selector: Selector
    frozen: bool
    optional: bool


@dataclass(frozen=True, slots=True)
class CollectSelector(Node):
    selector: Selector
    collection: Name
    optional: bool


@dataclass(frozen=True, slots=True)
class RateSelector(Node):
    selector: Selector
    factor: Expr
    optional: bool


@dataclass(frozen=True, slots=True)
class MapRule(Node):
    pattern: String
    replacement: String


@dataclass(frozen=True, slots=True)
class Load(Node):
    """`load p from "file" at "prefix" map { "a" -> "b" } using layout(args)`."""

    selector: Selector
    source: String
    at: String | None
    rules: tuple[MapRule, ...]
    using: Expr | None
    optional: bool


@dataclass(frozen=True, slots=True)
class SignatureDecl(Node):
    """`signature name = output, output`."""

    name: Name
    outputs: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """Compile-time `if`; an `else if` is an `If` alone in `no`."""

    condition: Expr
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class For(Node):
    variable: Name
    range: Expr
    body: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class Const(Node):
    name: Name
    value: Expr
    doc: str | None


@dataclass(frozen=True, slots=True)
class FunctionDef(Node):
    """`fn f(x, y) = expr` or `initializer f(s = 1) = expr`. `defaults[i]` belongs to `params[i]`."""

    kind: Literal["fn", "initializer"]
    name: Name
    params: tuple[Name, ...]
    defaults: tuple[Expr | None, ...]
    value: Expr
    doc: str | None


@dataclass(frozen=True, slots=True)
class AxisDecl(Node):
    names: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class CollectionDecl(Node):
    names: tuple[Name, ...]


Statement = (
    Input
    | VariableDecl
    | State
    | Layer
    | Scope
    | Equation
    | Output
    | Update
    | Measure
    | Train
    | InitSelector
    | FreezeSelector
    | CollectSelector
    | RateSelector
    | Load
    | SignatureDecl
    | If
    | For
    | Const
    | FunctionDef
    | AxisDecl
    | CollectionDecl
)


# ---------------------------------------------------------------- files


@dataclass(frozen=True, slots=True)
class Definition(Node):
    """A `block`, `cell` or `model`. `header` is the span from the keyword to the name."""

    kind: Literal["block", "cell", "model"]
    name: Name
    params: tuple[ConstructorParam, ...]
    defaults: tuple[Argument, ...]
    body: tuple[Statement, ...]
    header: Span
    doc: str | None


@dataclass(frozen=True, slots=True)
class LayoutTerm(Node):
    """One equation of a layout: `"key" + "key" = expr`. `keys` are the summed foreign names, with `{arg}` holes."""

    keys: tuple[String, ...]
    value: Expr


@dataclass(frozen=True, slots=True)
class LayoutDef(Node):
    name: Name
    params: tuple[ConstructorParam, ...]
    target: Name
    terms: tuple[LayoutTerm, ...]
    doc: str | None


@dataclass(frozen=True, slots=True)
class ImportedName(Node):
    name: str
    alias: str


@dataclass(frozen=True, slots=True)
class Import(Node):
    """`import "path.rnn" (A, B as C)`, with `path`, or `import std.tf1 (A)`, with `module` = `std.tf1`."""

    path: String | None
    module: str | None
    module_span: Span
    names: tuple[ImportedName, ...]


TopLevel = Import | Definition | LayoutDef | Const | FunctionDef | AxisDecl | CollectionDecl


@dataclass(frozen=True, slots=True)
class Comment(Node):
    """A comment as written, `#` included."""

    text: str


@dataclass(frozen=True, slots=True)
class Module(Node):
    """A whole file. `version` is None where `rnn N` is missing (diagnosed)."""

    source: SourceFile
    version: int | None
    items: tuple[TopLevel, ...]
    comments: tuple[Comment, ...]
