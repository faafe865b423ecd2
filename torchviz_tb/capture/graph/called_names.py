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
# What they do to Python 3.10's stack: nothing that follows is reached from them; nothing new lies on top.
_LEAVING = ("JUMP_FORWARD", "JUMP_ABSOLUTE", "RETURN", "RAISE", "RERAISE")
_MAKING_NOTHING = (
    *("POP", "STORE", "DELETE", "JUMP", "SETUP", "NOP", "GEN_START", "EXTENDED_ARG"),
    *("LIST_APPEND", "LIST_EXTEND", "SET_ADD", "SET_UPDATE", "MAP_ADD", "DICT_MERGE", "DICT_UPDATE"),
)


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
    """Without columns (Python 3.10): what stands on the stack below the arguments."""
    stack = _stack_before(instructions, call)
    kind, count = instructions[call].opname, instructions[call].arg or 0
    # Beside the arguments: a method's object, the names of keywords, or all of them in a tuple and perhaps a dict.
    below = 1 + count % 2 if kind == "CALL_FUNCTION_EX" else count + (kind in ("CALL_METHOD", "CALL_FUNCTION_KW"))
    if len(stack) <= below:
        return None
    made_by = stack[-1 - below]
    if instructions[made_by].opname.startswith("CALL"):  # such as jacrev(f)(x)
        return _callee_by_stack(instructions, made_by)
    return _loaded(instructions[made_by])


def _stack_before(instructions: Sequence[dis.Instruction], end: int) -> list[int]:
    """Which instruction made each value on the stack before another; empty where that is not reached from above.

    Not by counting back from there: an argument may be made of jumps, as in ``f(a if b else c)``.
    """
    stack: list[int] | None = []
    jumped: dict[int, list[int]] = {}
    for position, instruction in enumerate(instructions[: end + 1]):
        if stack is None:
            stack = jumped.get(instruction.offset)
        if stack is None:
            continue
        if position == end:
            return stack
        if instruction.opcode in (*dis.hasjabs, *dis.hasjrel):
            jumped.setdefault(instruction.argval, _stack_after(position, instruction, stack, jump=True))
        leaves = instruction.opname.startswith(_LEAVING)
        stack = None if leaves else _stack_after(position, instruction, stack, jump=False)
    return []


def _stack_after(position: int, instruction: dis.Instruction, stack: list[int], *, jump: bool) -> list[int]:
    depth = max(0, len(stack) + dis.stack_effect(instruction.opcode, instruction.arg, jump=jump))
    after = stack[:depth] + [position] * (depth - len(stack))
    if after and not instruction.opname.startswith(_MAKING_NOTHING):
        after[-1] = position
    if instruction.opname == "LOAD_METHOD":  # the method and its object
        after[-2] = position
    return after


def _loaded(instruction: dis.Instruction) -> str | None:
    """The name that an instruction loads."""
    if not instruction.opname.startswith("LOAD_") or instruction.opname == "LOAD_CONST":
        return None
    value = instruction.argval[0] if isinstance(instruction.argval, tuple) else instruction.argval
    return value if isinstance(value, str) else None
