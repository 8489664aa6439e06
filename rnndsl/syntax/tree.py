"""The syntax tree: records, one for each form of the language.

The tree holds what was written and where, nothing resolved. Every node has a `span`; comments are kept beside the tree in
`Module.comments` (doc comments also on the definition they belong to).
"""

from __future__ import annotations

from typing import Literal

from rnndsl.records import Immutable, record
from rnndsl.text.source import SourceFile, Span


@record
class Node(Immutable):
    span: Span


# ---------------------------------------------------------------- expressions


@record
class Number(Node):
    value: int | float


@record
class String(Node):
    value: str


@record
class Boolean(Node):
    value: bool


@record
class Name(Node):
    """An identifier, `training` and `t` included."""

    name: str


@record
class ListExpr(Node):
    items: tuple[Expr, ...]


@record
class Range(Node):
    """`a..b`, `a..`, `..b`: in `for` and between index brackets only. `stop` is not included. `by`: of an axis, `0.. by 2`."""

    start: Expr | None
    stop: Expr | None
    by: Expr | None = None


@record
class Unary(Node):
    op: Literal["-", "not"]
    operand: Expr


@record
class Binary(Node):
    op: Literal["+", "-", "*", "/", "//", "%", "**", "@", "==", "!=", "<", "<=", ">", ">=", "and", "or"]
    left: Expr
    right: Expr


@record
class Conditional(Node):
    """`if condition then yes else no`."""

    condition: Expr
    yes: Expr
    no: Expr


@record
class Argument(Node):
    """One argument of a call, a field of a record, or a default of `with`. `name` may be dotted (`lstm.h`) in a record."""

    name: str | None
    name_span: Span | None
    value: Expr


@record
class Call(Node):
    function: Expr
    arguments: tuple[Argument, ...]


@record
class Index(Node):
    """`x[i]`, `x[a..b, i]`, `cell[k]`."""

    target: Expr
    indices: tuple[Expr, ...]


@record
class AxisIndex(Node):
    """`x[time = 0]`, `x[time = a..b by s, to = frame]`: what stands between the brackets, one of them at least with a name."""

    target: Expr
    arguments: tuple[Argument, ...]


@record
class Delay(Node):
    """`h[t - steps]`. `h[t]` has `steps` None."""

    target: Expr
    steps: Expr | None


@record
class Attribute(Node):
    target: Expr
    name: str
    name_span: Span


@record
class Record(Node):
    """`(h = a, lstm.c = b)`: the value of `initial` and `given`."""

    fields: tuple[Argument, ...]


@record
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
    | AxisIndex
    | Delay
    | Attribute
    | Record
    | CollectionSet
)


# ---------------------------------------------------------------- parts of statements


@record
class IndexedName(Node):
    """What a statement defines: `lstm`, or a member of a family, `cell[k + 1]`."""

    name: str
    index: Expr | None = None


@record
class Rest(Node):
    """`...` as the first of a type's dims: any number of further dims."""


@record
class TensorTypeExpr(Node):
    """`f32[batch, time, n]`, `[n]`, `i32[]`."""

    dtype: Name | None
    dims: tuple[Expr | Rest, ...]


@record
class ConstructorParam(Node):
    """`name: type = default`; `is_list` for `[cell]`."""

    name: str
    type: Name
    is_list: bool
    default: Expr | None


@record
class Selector(Node):
    """A pattern over paths, as written: `enc/**/w*`."""

    pattern: str


# ---------------------------------------------------------------- statements


@record
class Input(Node):
    """`input x: T = initial`, `target y: T`, `given memory: T`. A block's or cell's input may leave the type out."""

    kind: Literal["input", "target", "given"]
    name: IndexedName
    type: TensorTypeExpr | None
    initial: Expr | None
    doc: str | None


@record
class VariableDecl(Node):
    """`param w: f32[n, m] ~ init in {c} bounds (low, high) frozen`, `var ...`. A slot of an optimizer may leave the type out."""

    kind: Literal["param", "var"]
    name: IndexedName
    type: TensorTypeExpr | None
    initializer: Expr | None
    collections: tuple[Name, ...]
    bounds: tuple[Expr, Expr] | None
    frozen: bool
    doc: str | None


@record
class State(Node):
    name: IndexedName
    type: TensorTypeExpr
    initial: Expr
    doc: str | None


@record
class Layer(Node):
    """`layer enc = LSTM(128) with (...)`."""

    name: IndexedName
    constructor: Expr
    defaults: tuple[Argument, ...]
    doc: str | None


@record
class Scope(Node):
    name: IndexedName
    defaults: tuple[Argument, ...]
    body: tuple[Statement, ...]
    doc: str | None


@record
class Equation(Node):
    name: IndexedName
    value: Expr
    doc: str | None


@record
class Write(Node):
    """`name <- value`, in an optimizer: what a slot, or the variable, is from now on."""

    name: IndexedName
    value: Expr


@record
class Require(Node):
    """`require condition, "text"`: what a definition's arguments and shapes must be."""

    condition: Expr
    text: String


@record
class Output(Node):
    """`output value` or `output name = value`."""

    name: IndexedName | None
    value: Expr


@record
class HandOn(Node):
    """`output ... = value`: the named outputs of `value`, under their names."""

    value: Expr


@record
class Update(Node):
    """`update target <- value in {collections}`."""

    target: Expr
    value: Expr
    collections: tuple[Name, ...]


@record
class Measure(Node):
    """`loss name in c = value`, `metric name = value`, `residual name = value`; names may be families'."""

    kind: Literal["loss", "metric", "residual"]
    name: IndexedName
    collection: Name | None
    value: Expr
    doc: str | None


@record
class Train(Node):
    """`train name = optimizer on losses over selection after collection`. `order_collection` is `none` for `after none`."""

    name: Name
    optimizer: Expr
    on: tuple[Name, ...]
    over: tuple[Selector | CollectionSet, ...]
    order: Literal["before", "after"] | None
    order_collection: Name | None
    doc: str | None


@record
class InitSelector(Node):
    selector: Selector
    initializer: Expr
    optional: bool


@record
class FreezeSelector(Node):
    """`freeze p` or, with `frozen` false, `unfreeze p`."""

    selector: Selector
    frozen: bool
    optional: bool


@record
class CollectSelector(Node):
    selector: Selector
    collection: Name
    optional: bool


@record
class RateSelector(Node):
    selector: Selector
    factor: Expr
    optional: bool


@record
class MapRule(Node):
    pattern: String
    replacement: String


@record
class Load(Node):
    """`load p from "file" at "prefix" map { "a" -> "b" } using layout(args)`."""

    selector: Selector
    source: String
    at: String | None
    rules: tuple[MapRule, ...]
    using: Expr | None
    optional: bool


@record
class LayoutKey(Node):
    """`"key"`, a foreign tensor by its name, with `{arg}` holes, or `"key"[0, 3..]`, a part of one."""

    name: String
    indices: tuple[Expr, ...]


@record
class LayoutTerm(Node):
    """One equation of a layout: `"key" + "key"[1] = expr`. `keys` are summed."""

    keys: tuple[LayoutKey, ...]
    value: Expr


@record
class SignatureDecl(Node):
    """`signature name = output, output`."""

    name: Name
    outputs: tuple[Name, ...]


@record
class If(Node):
    """Compile-time `if`; an `else if` is an `If` alone in `no`."""

    condition: Expr
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]


@record
class For(Node):
    variable: Name
    range: Expr
    body: tuple[Statement, ...]


@record
class Const(Node):
    name: Name
    value: Expr
    doc: str | None


@record
class FunctionDef(Node):
    """`fn f(x, y) = expr` or `initializer f(s = 1) = expr`. `defaults[i]` belongs to `params[i]`."""

    kind: Literal["fn", "initializer"]
    name: Name
    params: tuple[Name, ...]
    defaults: tuple[Expr | None, ...]
    value: Expr
    doc: str | None


@record
class AxisDecl(Node):
    names: tuple[Name, ...]


@record
class CollectionDecl(Node):
    names: tuple[Name, ...]


Statement = (
    Input
    | VariableDecl
    | State
    | Layer
    | Scope
    | Equation
    | Write
    | Require
    | Output
    | HandOn
    | Update
    | Measure
    | Train
    | InitSelector
    | FreezeSelector
    | CollectSelector
    | RateSelector
    | Load
    | LayoutTerm
    | SignatureDecl
    | If
    | For
    | Const
    | FunctionDef
    | AxisDecl
    | CollectionDecl
)


# ---------------------------------------------------------------- files


@record
class Definition(Node):
    """A `block`, `cell`, `model` or `optimizer`. `header` is the span from the keyword to the name."""

    kind: Literal["block", "cell", "model", "optimizer"]
    name: Name
    params: tuple[ConstructorParam, ...]
    defaults: tuple[Argument, ...]
    body: tuple[Statement, ...]
    header: Span
    doc: str | None


@record
class LayoutDef(Node):
    name: Name
    params: tuple[ConstructorParam, ...]
    target: Name
    terms: tuple[Statement, ...]
    doc: str | None


@record
class ImportedName(Node):
    name: str
    alias: str


@record
class Import(Node):
    """`import "path.rnn" (A, B as C)`, with `path`, or `import std.tf1 (A)`, with `module` = `std.tf1`."""

    path: String | None
    module: str | None
    module_span: Span
    names: tuple[ImportedName, ...]


TopLevel = Import | Definition | LayoutDef | Const | FunctionDef | AxisDecl | CollectionDecl


@record
class Comment(Node):
    """A comment as written, `#` included."""

    text: str


@record
class Module(Node):
    """A whole file. `version` is None where `rnn N` is missing (diagnosed)."""

    source: SourceFile
    version: int | None
    items: tuple[TopLevel, ...]
    comments: tuple[Comment, ...]
