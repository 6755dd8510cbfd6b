"""What is asked of the layers that INT8 leaves in floating point."""

from dataclasses import dataclass

from edgekit.errors import UsageError


@dataclass(frozen=True)
class FloatWish:
    """Layers by their `names`; or the `count` that cost most; or as few of these as keep the drop at `max_drop`.

    `max_drop` is in percentage points, measured on the photos in `data` (as `edgekit evaluate --data` takes them).
    """

    names: tuple[str, ...] = ()
    count: int | None = None
    max_drop: float | None = None
    data: str | None = None

    @property
    def ranks(self) -> bool:
        """Whether layers must be ranked by what they cost."""
        return self.count is not None or self.max_drop is not None

    @property
    def words(self) -> str:
        """As the flag says it."""
        return f"--max-drop {self.max_drop:g}" if self.max_drop is not None else f"--keep-float {self.count}"


NOTHING = FloatWish()


def float_wish(keep_float: str | None, max_drop: float | None, data: str | None) -> FloatWish:
    """What `--keep-float N|NAME,...`, `--max-drop` and `--data` ask for. Raises UsageError for what contradicts."""
    if max_drop is None and data is not None:
        raise UsageError("--data is what --max-drop is measured on, and no drop is said", "Add --max-drop.")
    if max_drop is not None:
        if keep_float is not None:
            raise UsageError(
                "--keep-float says which layers stay in floating point, and --max-drop has edgekit choose them",
                "Leave one of the two out.",
            )
        if not 0 <= max_drop < 100:
            raise UsageError(f"--max-drop {max_drop:g} is no drop in percentage points", "Give a number from 0 to 100.")
        if data is None:
            raise UsageError(
                "--max-drop is measured on photos that nothing was calibrated on, and none are named",
                "Add --data with photos, and their labels where there are some (docs/evaluate.md).",
            )
        return FloatWish(max_drop=max_drop, data=data)
    names = tuple(name.strip() for name in (keep_float or "").split(",") if name.strip())
    if len(names) == 1 and names[0].isascii() and names[0].isdigit():
        return FloatWish(count=int(names[0]))
    return FloatWish(names)
