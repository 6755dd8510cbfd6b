"""YAML from strangers: bounded before it is built, and without building any object that it names."""

import math
from typing import Any

from edgekit.untrusted.values import DEEPEST, Unusable
from edgekit.untrusted.wording import harmless

LARGEST_BYTES = 4 << 20
MOST_VALUES = 200_000  # with every alias written out
_LONGEST_NUMBER = 400  # PyYAML's time for a number in base 60 grows with the square of its length


def decode_yaml(text: str) -> Any:
    """The plain value of a YAML text; dates, and numbers that are no finite 64-bit ones, as they are written.

    Raises Unusable for what is no YAML, names objects to build, or stands for too many values.
    """
    import yaml

    try:
        document = load(text)
    except yaml.YAMLError as error:
        raise Unusable(f"it is not YAML: {one_line(error)}") from None
    except RecursionError:
        raise Unusable("it is not YAML that can be read: its values lie too deep") from None
    except Unusable:
        raise
    except (ValueError, KeyError, AttributeError, TypeError, OverflowError) as error:
        # What PyYAML's own constructors raise for values that their tags do not allow.
        raise Unusable(f"it is not YAML that can be read: {one_line(error)}") from None
    return document


def load(text: str) -> Any:
    """The value of a YAML text. Raises yaml.YAMLError, and what PyYAML's constructors raise for impossible values."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    class Loader(base):
        """Plain values only; a date is what the file says, and PaddleX 2 writes tuples."""

    def integer(loader: Any, node: Any) -> int | str:
        written = loader.construct_scalar(node)
        if len(written) > _LONGEST_NUMBER:
            return written
        value = loader.construct_yaml_int(node)
        # Python does not even write out an integer of thousands of digits.
        return value if abs(value) < 1 << 63 else written

    def number(loader: Any, node: Any) -> float | str:
        written = loader.construct_scalar(node)
        if len(written) > _LONGEST_NUMBER:
            return written
        value = loader.construct_yaml_float(node)
        return value if math.isfinite(value) else written

    Loader.add_constructor("tag:yaml.org,2002:int", integer)
    Loader.add_constructor("tag:yaml.org,2002:float", number)
    Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: loader.construct_scalar(node))
    Loader.add_constructor(
        "tag:yaml.org,2002:python/tuple", lambda loader, node: loader.construct_sequence(node, deep=True)
    )
    check_events(text, base)
    loader = Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        check_extent(node)
        return loader.construct_document(node)
    finally:
        loader.dispose()


def check_events(text: str, loader: Any) -> None:
    """Raise yaml.YAMLError where a text's values are too many or too deep.

    Nothing is built yet: the composer calls itself for each level, in C, where no limit of Python's holds.
    """
    import yaml

    depth = 0
    for count, event in enumerate(yaml.parse(text, loader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise yaml.YAMLError(f"its values lie more than {DEEPEST} deep")
        if count > MOST_VALUES:
            raise yaml.YAMLError(f"it stands for more than {MOST_VALUES} values")


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
    return harmless(" ".join(str(error).split()), 200)
