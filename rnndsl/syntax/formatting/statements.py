"""Statements to text, each on one line unless it is too long."""

from __future__ import annotations

from collections.abc import Sequence

from rnndsl.syntax import tree
from rnndsl.syntax.formatting.expressions import WIDTH, argument, broken, flat, lay_out, name_text, type_text

Item = tree.TopLevel | tree.Statement


def statement_text(item: Item, indent: str) -> str:
    """A statement without a body of statements."""
    match item:
        case tree.Equation():
            return lay_out(f"{name_text(item.name)} = ", item.value, "", indent)
        case tree.Input():
            kind = f": {type_text(item.type)}" if item.type else ""
            return f"{item.kind} {name_text(item.name)}{kind}{_default(item.initial)}"
        case tree.VariableDecl():
            initializer = f" ~ {flat(item.initializer)}" if item.initializer else ""
            frozen = " frozen" if item.frozen else ""
            kind = f": {type_text(item.type)}" if item.type else ""
            bounds = f" bounds ({', '.join(map(flat, item.bounds))})" if item.bounds else ""
            return f"{item.kind} {name_text(item.name)}{kind}{initializer}{_in(item.collections)}{bounds}{frozen}"
        case tree.Write():
            return lay_out(f"{name_text(item.name)} <- ", item.value, "", indent)
        case tree.Require():
            return lay_out("require ", item.condition, f", {item.text.span.text}", indent)
        case tree.State():
            return lay_out(f"state {name_text(item.name)}: {type_text(item.type)} = ", item.initial, "", indent)
        case tree.Layer():
            before = f"layer {name_text(item.name)} = "
            value = lay_out(before, item.constructor, "", indent)
            return value + with_text(item.defaults, indent, len(value.splitlines()[-1]))
        case tree.Output():
            return lay_out(f"output {name_text(item.name)} = " if item.name else "output ", item.value, "", indent)
        case tree.HandOn():
            return lay_out("output ... = ", item.value, "", indent)
        case tree.Update():
            return lay_out(f"update {flat(item.target)} <- ", item.value, _in(item.collections), indent)
        case tree.Measure():
            joined = f" in {item.collection.name}" if item.collection else ""
            return lay_out(f"{item.kind} {name_text(item.name)}{joined} = ", item.value, "", indent)
        case tree.Const():
            return lay_out(f"const {item.name.name} = ", item.value, "", indent)
        case tree.FunctionDef():
            params = ", ".join(p.name + _default(d) for p, d in zip(item.params, item.defaults, strict=True))
            return lay_out(f"{item.kind} {item.name.name}({params}) = ", item.value, "", indent)
        case tree.AxisDecl():
            return f"axis {_names(item.names)}"
        case tree.CollectionDecl():
            return f"collection {_names(item.names)}"
        case _:
            return _of_models(item, indent)


def _of_models(item: Item, indent: str) -> str:
    match item:
        case tree.Train():
            return _train(item, indent)
        case tree.InitSelector():
            return lay_out(f"{_optional(item)}init {item.selector.pattern} ~ ", item.initializer, "", indent)
        case tree.FreezeSelector():
            return f"{_optional(item)}{'freeze' if item.frozen else 'unfreeze'} {item.selector.pattern}"
        case tree.CollectSelector():
            return f"{_optional(item)}collect {item.selector.pattern} in {item.collection.name}"
        case tree.RateSelector():
            return f"{_optional(item)}rate {item.selector.pattern} by {flat(item.factor)}"
        case tree.Load():
            return _load(item, indent)
        case tree.SignatureDecl():
            return f"signature {item.name.name} = {_names(item.outputs)}"
        case tree.Import():
            return _import(item)
        case tree.LayoutTerm():
            return lay_out(f"{' + '.join(map(_key, item.keys))} = ", item.value, "", indent)
        case _:
            raise TypeError(f"{type(item).__name__} is no simple statement")


def _train(item: tree.Train, indent: str) -> str:
    after = f" on {_names(item.on)}" if item.on else ""
    after += f" over {_names(item.over)}" if item.over else ""
    after += f" {item.order} {item.order_collection.name}" if item.order and item.order_collection else ""
    return lay_out(f"train {item.name.name} = ", item.optimizer, after, indent)


def _load(item: tree.Load, indent: str) -> str:
    line = f"{_optional(item)}load {item.selector.pattern} from {item.source.span.text}"
    line += f" at {item.at.span.text}" if item.at else ""
    rules = [f"{rule.pattern.span.text} -> {rule.replacement.span.text}" for rule in item.rules]
    if len(rules) == 1:
        line += f" map {{ {rules[0]} }}"
    elif rules:
        inner = "".join(f"{indent}  {rule}\n" for rule in rules)
        line += f" map {{\n{inner}{indent}}}"
    return line + (f" using {flat(item.using)}" if item.using else "")


def _key(key: tree.LayoutKey) -> str:
    return key.name.span.text + (f"[{', '.join(map(flat, key.indices))}]" if key.indices else "")


def _import(item: tree.Import) -> str:
    names = [n.name if n.name == n.alias else f"{n.name} as {n.alias}" for n in item.names]
    source = item.path.span.text if item.path else item.module
    line = f"import {source} ({', '.join(names)})"
    if len(line) <= WIDTH:
        return line
    return f"import {source} (\n" + "".join(f"  {name},\n" for name in names) + ")"


def definition_text(item: tree.Definition) -> str:
    """`cell Name(params) with (defaults)`."""
    head = f"{item.kind} {item.name.name}"
    params = _params(item.params, len(head))
    return f"{head}{params}{with_text(item.defaults, '', len((head + params).splitlines()[-1]))}"


def layout_text(item: tree.LayoutDef) -> str:
    """`layout name(params) for Cell`."""
    return f"layout {item.name.name}{_params(item.params, 0)} for {item.target.name}"


def _params(params: Sequence[tree.ConstructorParam], used: int) -> str:
    if not params:
        return ""
    line = f"({', '.join(map(_param, params))})"
    if used + len(line) <= WIDTH - 4:
        return line
    return "(\n" + "".join(f"  {_param(param)},\n" for param in params) + ")"


def _param(param: tree.ConstructorParam) -> str:
    kind = f"[{param.type.name}]" if param.is_list else param.type.name
    return f"{param.name}: {kind}{_default(param.default)}"


def with_text(defaults: Sequence[tree.Argument], indent: str, used: int) -> str:
    """` with (…)`, or nothing without defaults."""
    if not defaults:
        return ""
    line = f" with ({', '.join(map(argument, defaults))})"
    if len(indent) + used + len(line) <= WIDTH - 2:
        return line
    return broken(" with (", defaults, ")", indent)


def _default(value: tree.Expr | None) -> str:
    return f" = {flat(value)}" if value else ""


def _names(names: Sequence[tree.Name | tree.Selector | tree.CollectionSet]) -> str:
    return ", ".join(n.name if isinstance(n, tree.Name) else n.pattern if isinstance(n, tree.Selector) else flat(n) for n in names)


def _in(names: Sequence[tree.Name]) -> str:
    return f" in {{{_names(names)}}}" if names else ""


def _optional(item: tree.InitSelector | tree.FreezeSelector | tree.CollectSelector | tree.RateSelector | tree.Load) -> str:
    return "optional " if item.optional else ""
