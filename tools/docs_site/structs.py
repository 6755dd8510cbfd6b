"""Pages of what files hold, from the types that read them: every key with its type, its default and what it means."""

import ast
import inspect
import re
import textwrap
from collections.abc import Sequence
from typing import Any, get_args

import msgspec


def struct_section(struct: type[msgspec.Struct], heading: str) -> str:
    """One type: its docstring, and a table of its fields."""
    told = told_of_fields(struct)
    lines = [
        f"## {heading}\n",
        *paragraphs(inspect.getdoc(struct) or ""),
        "",
        "| key | type | default | |",
        "|---|---|---|---|",
    ]
    for field in msgspec.structs.fields(struct):
        means = cell(told.get(field.name, ""))
        lines.append(f"| `{field.encode_name}` | {cell(type_text(field.type))} | {default_text(field)} | {means} |")
    return "\n".join([*lines, ""])


def paragraphs(text: str) -> list[str]:
    """A docstring as Markdown: paragraphs stay apart."""
    return [re.sub(r"\s*\n\s*", " ", part).replace("<", "&lt;") + "\n" for part in text.split("\n\n")]


def told_of_fields(struct: type) -> dict[str, str]:
    """What the strings behind fields say of them, in a type and in those that it stands on."""
    told: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if base in (object, msgspec.Struct) or base.__module__.startswith("msgspec"):
            continue
        tree = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
        assert isinstance(tree, ast.ClassDef)
        for one, after in zip(tree.body, tree.body[1:], strict=False):
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and is_text(after):
                told[one.target.id] = re.sub(r"\s+", " ", after.value.value)  # type: ignore[attr-defined]
    return told


def is_text(node: ast.stmt) -> bool:
    """Whether a statement is a string alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def type_text(kind: Any) -> str:
    """A type in words."""
    if isinstance(kind, type):
        return {"NoneType": "none"}.get(kind.__name__, kind.__name__)
    origin, arguments = getattr(kind, "__origin__", None), get_args(kind)
    if kind is Any:
        return "anything"
    if str(kind).startswith("typing.Literal"):
        return " or ".join(f'"{one}"' for one in arguments)
    if origin is tuple or origin is list:
        return "list of " + type_text(arguments[0])
    if origin is dict:
        return f"table of {type_text(arguments[1])}"
    if (arguments and origin is None) or "Union" in str(type(kind)) + str(origin):
        return " or ".join(dict.fromkeys(map(type_text, arguments)))
    return type_text(arguments[0]) if arguments else str(kind).rsplit(".", 1)[-1]


def default_text(field: Any) -> str:
    """What a field is where a file does not say it."""
    if field.default is not msgspec.NODEFAULT:
        value = field.default
    elif field.default_factory is not msgspec.NODEFAULT:
        value = field.default_factory()
    else:
        return "required"
    if value is None or value == "" or value == () or value == {}:
        return ""
    return f"`{cell(msgspec.json.encode(value).decode())}`"


def cell(text: str) -> str:
    """A text in a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def page(title: str, about: str, structs: Sequence[tuple[type[msgspec.Struct], str]]) -> str:
    """A page of several types."""
    return "\n".join([f"# {title}\n", about, "", *(struct_section(one, heading) for one, heading in structs)])
