"""Which function a piece of bytecode calls: the name that stands in the source, without needing the source.

torch's own way to learn it, a function mode, changes what runs: fused paths step aside, compiled functions compile
again. The frames on the stack tell the same, and nobody notices.
"""

import dis
import sys
from collections.abc import Sequence

_OPERATORS = {
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "//": "floor_divide",
    "%": "remainder",
    "**": "pow",
    "@": "matmul",
    "&": "bitwise_and",
    "|": "bitwise_or",
    "^": "bitwise_xor",
    "<<": "bitwise_left_shift",
    ">>": "bitwise_right_shift",
    "[]": "getitem",
    "<": "lt",
    "<=": "le",
    "==": "eq",
    "!=": "ne",
    ">": "gt",
    ">=": "ge",
}
_BY_OPCODE = {
    "BINARY_SUBSCR": "getitem",
    "BINARY_SLICE": "getitem",
    "STORE_SUBSCR": "setitem",
    "STORE_SLICE": "setitem",
    "UNARY_NEGATIVE": "neg",
    "UNARY_INVERT": "bitwise_not",
    "UNARY_NOT": "bool",
    "TO_BOOL": "bool",
    "GET_ITER": "iter",
    "FOR_ITER": "iter",
    "UNPACK_SEQUENCE": "iter",
    "UNPACK_EX": "iter",
    "CONTAINS_OP": "contains",
}
# Python 3.10 has an opcode for each operator.
_BY_OLD_OPCODE = {
    "ADD": "add",
    "SUBTRACT": "sub",
    "MULTIPLY": "mul",
    "TRUE_DIVIDE": "div",
    "FLOOR_DIVIDE": "floor_divide",
    "MODULO": "remainder",
    "POWER": "pow",
    "MATRIX_MULTIPLY": "matmul",
    "AND": "bitwise_and",
    "OR": "bitwise_or",
    "XOR": "bitwise_xor",
    "LSHIFT": "bitwise_left_shift",
    "RSHIFT": "bitwise_right_shift",
}


def called_name(instructions: Sequence[dis.Instruction], offset: int) -> str | None:
    """What the instruction at an offset (a frame's ``f_lasti``) calls, such as "linear" or "add"; None if nothing."""
    # The last that begins there: in a frame that called Python code, the offset is that of the call's cache.
    position = sum(instruction.offset <= offset for instruction in instructions) - 1
    instruction = instructions[position]
    if instruction.opname.startswith(("CALL", "PRECALL")):
        find = _callee if sys.version_info >= (3, 11) else _callee_by_stack
        return find(instructions, position)
    if instruction.opname.startswith(("LOAD_ATTR", "LOAD_METHOD")):
        return str(instruction.argval)
    return _operator(instruction)


def _operator(instruction: dis.Instruction) -> str | None:
    kind, _, old = instruction.opname.partition("_")
    symbol = instruction.argrepr.removeprefix("bool(").removesuffix(")")
    if instruction.opname == "COMPARE_OP":
        return _OPERATORS.get(symbol)
    if instruction.opname == "BINARY_OP":
        name = _OPERATORS.get(symbol.removesuffix("="))
        return f"{name}_" if name and symbol.endswith("=") else name
    if kind in ("BINARY", "INPLACE") and old in _BY_OLD_OPCODE:
        return _BY_OLD_OPCODE[old] + ("_" if kind == "INPLACE" else "")
    if "JUMP" in instruction.opname and "IF" in instruction.opname:
        return "bool"
    return _BY_OPCODE.get(instruction.opname)


def _callee(instructions: Sequence[dis.Instruction], call: int) -> str | None:
    """A call begins in the source where what it calls begins; its arguments stand behind that."""
    begin = _begin(instructions[call])
    for instruction in reversed(instructions[:call]):
        if _begin(instruction) == begin and (name := _loaded(instruction)):
            return name
    return None


def _begin(instruction: dis.Instruction) -> tuple[int | None, int | None]:
    positions = getattr(instruction, "positions", None)
    return (None, None) if positions is None else (positions.lineno, positions.col_offset)


def _callee_by_stack(instructions: Sequence[dis.Instruction], call: int) -> str | None:
    """Without columns (Python 3.10): what was loaded before the arguments, which stand on top of it."""
    arguments = {"CALL_FUNCTION_KW": 1, "CALL_FUNCTION_EX": 1}.get(instructions[call].opname, 0)
    arguments += (instructions[call].arg or 0) & (1 if instructions[call].opname == "CALL_FUNCTION_EX" else -1)
    position = call - 1
    while arguments > 0 and position > 0:
        arguments -= dis.stack_effect(instructions[position].opcode, instructions[position].arg, jump=False)
        position -= 1
    return _loaded(instructions[position]) if arguments == 0 else None


def _loaded(instruction: dis.Instruction) -> str | None:
    """The name that an instruction loads."""
    if not instruction.opname.startswith("LOAD_") or instruction.opname == "LOAD_CONST":
        return None
    value = instruction.argval[0] if isinstance(instruction.argval, tuple) else instruction.argval
    return value if isinstance(value, str) else None
