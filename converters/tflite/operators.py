"""TFLite's operators by their names."""

from typing import Any

from ai_edge_litert import schema_py_generated as schema

_BUILTIN = {value: name for name, value in vars(schema.BuiltinOperator).items() if isinstance(value, int)}


def operator_name(model: Any, operator: Any) -> str:
    """The name of what an operator of a `ModelT` does, such as CONV_2D."""
    code = model.operatorCodes[operator.opcodeIndex]
    # The older of the two fields holds what fits into a byte.
    return _BUILTIN.get(max(code.builtinCode, code.deprecatedBuiltinCode), "unknown")
