"""Reads a YAML file from a stranger: bounded, and without building any object that it names."""

from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.weights.wording import harmless

LARGEST_BYTES = 4 << 20
MOST_VALUES = 200_000  # with every alias written out
DEEPEST = 40
WAY_OUT = (
    "Say how photos are prepared with flags or a recipe of your own (--config none --recipe FILE), or name another "
    "configuration (--config FILE)."
)


def read_document(path: Path) -> dict[str, Any]:
    """The table in a YAML file: text, numbers, truth values, lists and tables, dates as text.

    Raises UsageError, in one sentence that names the file, where it is none, is too large, or names objects to build.
    """
    import yaml

    text = read_text(path)
    try:
        document = load(text)
    except yaml.YAMLError as error:
        raise UsageError(f"{path} is not YAML: {one_line(error)}", WAY_OUT) from None
    except RecursionError:
        raise UsageError(f"{path} is not YAML that can be read: its values lie too deep", WAY_OUT) from None
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError) as error:
        # What PyYAML's own constructors raise for values that their tags do not allow.
        raise UsageError(f"{path} is not YAML that can be read: {one_line(error)}", WAY_OUT) from None
    if not isinstance(document, dict):
        raise UsageError(f"{path} is not a model's configuration: it holds no table", WAY_OUT)
    return document


def read_text(path: Path) -> str:
    """The text of a small file in UTF-8. Raises UsageError where it is large, absent, in another encoding."""
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise UsageError(f"{path} is too large to be read: more than {LARGEST_BYTES >> 20} MiB", WAY_OUT)
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not text in UTF-8", "Save it as UTF-8.") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror or error})", "Check its permissions.") from None


def load(text: str) -> Any:
    """The value of a YAML text. Raises yaml.YAMLError, and what PyYAML's constructors raise for impossible values."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):
        """Plain values only; a date is what the file says, and PaddleX 2 writes tuples."""

    def integer(loader: Any, node: Any) -> int | str:
        value = loader.construct_yaml_int(node)
        # Python does not even write out an integer of thousands of digits.
        return value if abs(value) < 1 << 63 else loader.construct_scalar(node)

    Loader.add_constructor("tag:yaml.org,2002:int", integer)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
    Loader.add_constructor(
        "tag:yaml.org,2002:python/tuple", lambda loader, node: loader.construct_sequence(node, deep=True)
    )
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        check_extent(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def check_extent(root: Any) -> None:
    """Raise yaml.YAMLError where the values, with aliases written out, are too many or too deep, or have no end."""
    import yaml

    extents: dict[int, tuple[int, int]] = {}

    def extent(node: Any, depth: int) -> tuple[int, int]:
        """How many values a node stands for, and how deep they lie below it."""
        if id(node) not in extents:
            if depth > DEEPEST:
                raise yaml.YAMLError(f"its values lie more than {DEEPEST} deep")
            children = node.value if isinstance(node, yaml.CollectionNode) else []
            nodes = [one for two in children for one in two] if isinstance(node, yaml.MappingNode) else children
            found = [extent(child, depth + 1) for child in nodes]
            extents[id(node)] = (
                1 + sum(count for count, _ in found),
                1 + max((height for _, height in found), default=0),
            )
        count, height = extents[id(node)]
        if depth + height > DEEPEST + 1:
            raise yaml.YAMLError(f"its values lie more than {DEEPEST} deep")
        if count > MOST_VALUES:
            raise yaml.YAMLError(f"it stands for more than {MOST_VALUES} values")
        return count, height

    extent(root, 0)


def one_line(error: Exception) -> str:
    """An error's text on one line of bounded length."""
    return harmless(" ".join(str(error).split()))[:200]
