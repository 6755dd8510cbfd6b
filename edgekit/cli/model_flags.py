"""The flags that say which model is meant and how it takes its photos: the same for every command that takes models."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from edgekit.cli.common import SourceOptions, Weights, size_option, values_option
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.pipeline.source import Batch


class Resizing(StrEnum):
    """What `--resize` takes."""

    short = "short"
    stretch = "stretch"
    letterbox = "letterbox"


class Channels(StrEnum):
    """What `--channel-order` takes."""

    RGB = "RGB"
    BGR = "BGR"
    GRAY = "GRAY"
    RGBA = "RGBA"
    BGRA = "BGRA"
    RGB0 = "RGB0"
    BGR0 = "BGR0"


@dataclass(frozen=True)
class ModelFlags:
    """One field a flag, as it was typed; `takes_model_flags` makes them options of a command."""

    weights: Weights = "auto"
    weights_prefix: Annotated[
        str | None,
        typer.Option(metavar="PREFIX", help="What the names in the weights file begin with, such as Student."),
    ] = None
    input_size: Annotated[
        str | None, typer.Option(metavar="PX|HxW", help="The input: a square's side, or as 80x160.")
    ] = None
    recipe: Annotated[Path | None, typer.Option(help="A recipe of your own (docs/recipes.md).", dir_okay=False)] = None
    name: Annotated[str | None, typer.Option(help="What to call a model from a folder.")] = None
    config: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|none",
            help="The configuration that says how photos are prepared. Without it: the one beside a model's files.",
        ),
    ] = None
    labels: Annotated[
        str | None,
        typer.Option(metavar="FILE|imagenet", help="The classes' names: one a line, with or without numbers, or JSON."),
    ] = None
    resize: Annotated[
        Resizing | None,
        typer.Option(help="short: keep the ratio, cut out the middle; stretch: to the input's size; letterbox: pad."),
    ] = None
    resize_short: Annotated[
        int | None, typer.Option(help="A photo's short side in pixels, before the crop to the input size.")
    ] = None
    channel_order: Annotated[
        Channels | None, typer.Option(help="The input's channels; 0 is a fourth one of zeros.", case_sensitive=False)
    ] = None
    divide_by: Annotated[
        str | None, typer.Option(metavar="N", help="What pixels in 0..255 are divided by first: 255, or 1 for none.")
    ] = None
    mean: Annotated[
        str | None, typer.Option(metavar="N,...", help="Then subtracted: one number, or one by channel in their order.")
    ] = None
    std: Annotated[str | None, typer.Option(metavar="N,...", help="What pixels less the mean are divided by.")] = None
    output_kind: Annotated[
        str | None,
        typer.Option(
            metavar="KIND|NAME=KIND,...",
            help="What the outputs are: logits, probabilities, sigmoid or features. The program shows most of it.",
        ),
    ] = None

    def options(self, batch: "Batch" = 1) -> SourceOptions:
        """What the flags mean. Raises UsageError for one that means nothing, or for two that contradict each other."""
        from edgekit.pipeline.output_kinds import parse_output_kinds

        return SourceOptions(
            weights=self.weights,
            weights_prefix=self.weights_prefix,
            input_size=size_option(self.input_size),
            batch=batch,
            recipe=self.recipe,
            name=self.name,
            config=self.config,
            labels=self.labels,
            changes=self._preprocessing_changes(),
            output_kinds=parse_output_kinds(self.output_kind),
        )

    def words(self) -> list[str]:
        """What was typed, to be typed again."""
        words: list[str] = []
        for field in fields(self):
            if (value := vars(self)[field.name]) != field.default:
                words += [f"--{field.name.replace('_', '-')}", str(value)]
        return words

    def _preprocessing_changes(self) -> dict[str, Any]:
        """The fields of the preprocessing that flags replace."""
        if self.resize_short is not None and self.resize not in (None, Resizing.short):
            raise UsageError(
                f"--resize {self.resize} leaves no use for --resize-short {self.resize_short}",
                "Leave one of the two out.",
            )
        changes: dict[str, Any] = {}
        if self.resize is not None:
            changes["resize"] = self.resize.value
        if self.resize_short is not None:
            changes |= {"resize": "short", "resize_short": self.resize_short}
        if self.channel_order is not None:
            changes["channel_order"] = self.channel_order.value
        for name in ("divide_by", "mean", "std"):
            if (text := getattr(self, name)) is not None:
                changes[name] = values_option(f"--{name.replace('_', '-')}", text)
        return changes


def takes_model_flags(command: Callable[..., int]) -> Callable[..., int]:
    """The command with an option for every field of ModelFlags, in the place of its parameter of that type."""
    hints = get_type_hints(ModelFlags, include_extras=True)
    options = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=hints[field.name]
        )
        for field in fields(ModelFlags)
    ]

    @functools.wraps(command)
    def with_flags(**given: Any) -> int:
        taken = {option.name: given.pop(option.name) for option in options}
        return command(**given, **{own[place].name: ModelFlags(**taken)})

    signature = inspect.signature(command)
    own = list(signature.parameters.values())
    place = next(index for index, one in enumerate(own) if one.annotation is ModelFlags)
    parameters = [
        one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in (*own[:place], *options, *own[place + 1 :])
    ]
    # typer reads both.
    with_flags.__signature__ = signature.replace(parameters=parameters)  # pyright: ignore[reportAttributeAccessIssue]
    with_flags.__annotations__ = {one.name: one.annotation for one in parameters} | {"return": int}
    return with_flags
