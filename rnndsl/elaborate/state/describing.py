"""Values in words, for diagnostics."""

from __future__ import annotations

from rnndsl.elaborate.state.values import (
    AxisValue,
    BidirectionalResult,
    Builtin,
    CollectionValue,
    Constructor,
    DefinitionValue,
    DTypeValue,
    Family,
    InitializerName,
    InitializerValue,
    Instance,
    MappedCell,
    NoValue,
    OptimizerName,
    Recipe,
    RecordValue,
    ScanResult,
    ScopeValue,
    Special,
    StateRecord,
    StateRef,
    Tensor,
    TrainingFlag,
    UserFunction,
    Value,
    VariableRef,
)

LONGEST = 60
"""The most characters of a string that a message shows."""


def shortened(text: str) -> str:
    """`text`, cut if it is long."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def describe(value: Value) -> str:
    """What `value` is, in words, for a diagnostic."""
    match value:
        case bool():
            return f"the bool {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f'the string "{shortened(value)}"'
        case Tensor():
            return f"a tensor {value.type}"
        case DTypeValue():
            return f"the dtype {value.name}"
        case AxisValue():
            return f"the axis `{value.name}`"
        case TrainingFlag():
            return "`training`"
        case Builtin():
            return f"the function `{value.op.name}`"
        case Special():
            return f"the function `{value.name}`"
        case UserFunction():
            return f"the function `{value.definition.name.name}`"
        case InitializerName():
            return f"the initializer `{value.name}`"
        case InitializerValue() | Recipe():
            return "an initializer"
        case OptimizerName():
            return f"the optimizer `{value.name}`"
        case DefinitionValue() | Constructor():
            return f"the {value.definition.kind} `{value.definition.name.name}`"
        case Instance():
            return f"the layer `{value.path}`"
        case MappedCell():
            return "a cell"
        case StateRef():
            return f"the state `{value.name}`"
        case VariableRef():
            return f"the variable `{value.path}`"
        case ScopeValue():
            return "a scope"
        case StateRecord():
            return "a record of states"
        case ScanResult() | BidirectionalResult():
            return "the result of a scan"
        case RecordValue():
            return "a record"
        case CollectionValue():
            return "a set of collections"
        case NoValue():
            return "`none`"
        case Family():
            return f"the family `{value.name}`"
        case _:
            return "a list"
