"""A `.nb` file with another graph: more outputs, or a single operator. Parameters are copied bit by bit.

The tables are those of lite/model_parser/flatbuffers/framework.fbs (Paddle Lite 2.13); the file's layout is in
`nb_format`.
"""

import struct
from collections.abc import Iterable, Iterator

from edgeworker.flat_reader import Damaged, Table, unpack
from edgeworker.flat_tables import Schema, Value, read_table, write_root

_SCHEMA: Schema = {
    "ProgramDesc": [("blocks", ["BlockDesc"]), ("version", "Version"), ("op_compatible_map", "OpCompatibleMap")],
    "Version": [("version", "q")],
    "OpCompatibleMap": [("pair", ["OpCompatiblePair"]), ("default_required_version", "text")],
    "OpCompatiblePair": [("op_name", "text"), ("compatible_info", "CompatibleInfo")],
    "CompatibleInfo": [("version", "text"), ("type", "i")],
    "BlockDesc": [
        ("idx", "i"),
        ("parent_idx", "i"),
        ("vars", ["VarDesc"]),
        ("ops", ["OpDesc"]),
        ("forward_block_idx", "i"),
    ],
    "OpDesc": [("type", "text"), ("inputs", ["Var"]), ("outputs", ["Var"]), ("attrs", ["Attr"]), ("is_target", "?")],
    "Var": [("parameter", "text"), ("arguments", ["text"])],
    "Attr": [
        ("name", "text"),
        ("type", "i"),
        ("i", "i"),
        ("f", "f"),
        ("s", "text"),
        ("ints", ["i"]),
        ("floats", ["f"]),
        ("strings", ["text"]),
        ("b", "?"),
        ("bools", ["?"]),
        ("block_idx", "i"),
        ("l", "q"),
        ("blocks_idx", ["i"]),
        ("longs", ["q"]),
        ("float64", "d"),
        ("float64s", ["d"]),
    ],
    "VarDesc": [("name", "text"), ("type", "VarType"), ("persistable", "?"), ("need_check_feed", "?")],
    "VarType": [
        ("type", "i"),
        ("selected_rows", "TensorDesc"),
        ("lod_tensor", "LoDTensorDesc"),
        ("tensor_array", "LoDTensorDesc"),
        ("reader", "ReaderDesc"),
        ("tuple", "Tuple"),
    ],
    "TensorDesc": [("data_type", "i"), ("dims", ["q"])],
    "LoDTensorDesc": [("tensor", "TensorDesc"), ("lod_level", "i")],
    "ReaderDesc": [("lod_tensor", ["LoDTensorDesc"])],
    "Tuple": [("element_type", ["i"])],
}
_HEAD_BYTES = 18  # the format's number and the version of `opt`


def with_fetches(content: bytes, names: Iterable[str]) -> bytes:
    """The model with the variables `names` among its outputs, after those that it has."""
    program, rest = _split(content)
    ops = program["blocks"][0]["ops"]
    fetches = [op for op in ops if op["type"] == "fetch"]
    present = {_argument(op["inputs"], "X") for op in fetches}
    for name in names:
        if name not in present:
            present.add(name)
            ops.append(_port(fetches[0], "inputs", "X", name, len(present) - 1))
    return _join(content, program, rest)


def only(content: bytes, output: str, inputs: list[str], outputs: list[str]) -> bytes:
    """The model of the one operator that writes `output` first, from variables to variables.

    Raises Damaged where no operator writes it.
    """
    program, rest = _split(content)
    block = program["blocks"][0]
    ops = block["ops"]
    feed, fetch = (next(op for op in ops if op["type"] == kind) for kind in ("feed", "fetch"))
    op = next((op for op in ops if op["type"] not in ("feed", "fetch") and output in _names(op["outputs"])), None)
    if op is None:
        raise Damaged(f"no operator writes {output}")
    block["ops"] = [
        *(_port(feed, "outputs", "Out", name, column) for column, name in enumerate(inputs)),
        op,
        *(_port(fetch, "inputs", "X", name, column) for column, name in enumerate(outputs)),
    ]
    used = {"feed", "fetch", *_names(op["inputs"]), *_names(op["outputs"])}
    block["vars"] = [variable for variable in block["vars"] if variable["name"] in used]
    program["blocks"] = [block]
    return _join(content, program, _select(rest, used))


def _names(slots: list[Value]) -> list[str]:
    return [name for slot in slots for name in slot.get("arguments", [])]


def _argument(slots: list[Value], parameter: str) -> str:
    return next(slot["arguments"][0] for slot in slots if slot["parameter"] == parameter)


def _port(like: Value, side: str, parameter: str, name: str, column: int) -> Value:
    """A feed or fetch operator as `like`, of another variable, at another position among its kind."""
    slots = [{**slot, "arguments": [name]} if slot["parameter"] == parameter else slot for slot in like[side]]
    attrs = [{**attr, "i": column} if attr["name"] == "col" else attr for attr in like["attrs"]]
    return {**like, side: slots, "attrs": attrs}


def _split(content: bytes) -> tuple[Value, bytes]:
    """The graph, and everything behind it."""
    file = memoryview(content)
    size = unpack("Q", file, _HEAD_BYTES)
    start = _HEAD_BYTES + 8
    if size > len(file) - start:
        raise Damaged(f"the graph should take {size} bytes where {len(file) - start} are left")
    return read_table(_SCHEMA, "ProgramDesc", Table.root(file[start : start + size])), content[start + size :]


def _join(content: bytes, program: Value, rest: bytes) -> bytes:
    graph = write_root(_SCHEMA, "ProgramDesc", program)
    return content[:_HEAD_BYTES] + struct.pack("<Q", len(graph)) + graph + rest


def _select(rest: bytes, names: set[str]) -> bytes:
    """The parameters' part with those called `names` alone."""
    file = memoryview(rest)
    preamble = 4 + unpack("H", file, 2)
    header = preamble + 2 + unpack("H", file, preamble)
    chosen = [entry for name, entry in _entries(file, header, unpack("H", file, preamble + 2)) if name in names]
    counted = struct.pack("<HI", len(chosen), max(map(len, chosen), default=0))
    return bytes(file[:preamble]) + struct.pack("<H", len(counted)) + counted + b"".join(chosen)


def _entries(file: memoryview, position: int, count: int) -> Iterator[tuple[str, bytes]]:
    for _ in range(count):
        total, offset = unpack("I", file, position), unpack("I", file, position + 4)
        entry = file[position : position + 4 + total]
        yield Table.root(entry[4 + offset :]).text(1), bytes(entry)
        position += 4 + total
