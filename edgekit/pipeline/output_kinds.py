"""What the outputs of a model are: told by its user, by its program, or by the configuration beside it."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from edgekit.errors import UsageError
from edgekit.parity.verdict import OutputKind
from edgekit.pipeline.source import ModelSource

FLAG = "--output-kind"
KINDS: tuple[OutputKind, ...] = get_args(OutputKind)
EVERY = ""
"""Stands for the name of an output where all are meant."""


def parse_output_kinds(text: str | None) -> dict[str, OutputKind]:
    """The value of `--output-kind`, such as `features` or `out_0=logits,out_1=features`, by the outputs' names.

    Raises UsageError for a kind that there is not.
    """
    chosen: dict[str, OutputKind] = {}
    for part in text.split(",") if text is not None else ():
        name, _, word = part.strip().rpartition("=")
        if word not in KINDS:
            raise UsageError(
                f"{FLAG} {text}: there is no kind {word!r}",
                f"Give {', '.join(KINDS[:-1])} or {KINDS[-1]}, or NAME=KIND for each output.",
            )
        chosen[name] = KINDS[KINDS.index(word)]
    return chosen


def told_outputs(source: ModelSource, described: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The outputs as the program's worker describes them, each with its final `kind`, `known_from` and `thresholds`.

    What the user says counts most, then a softmax or a sigmoid in the program, then the configuration beside it, then
    what else the program shows. Raises UsageError where the user names an output that there is not, or where there are
    more thresholds than labels, or fewer.
    """
    names = [output["name"] for output in described]
    unknown = sorted(set(source.output_kinds) - {EVERY, *names})
    if unknown:
        raise UsageError(f"{source.name} has no output {', '.join(unknown)}", f"It has {', '.join(names)}.")
    return [told_output(source, output) for output in described]


def told_output(source: ModelSource, output: Mapping[str, Any]) -> dict[str, Any]:
    """`told_outputs` for one of them."""
    config = source.described.configuration
    said = config.outputs if config else None
    kind, known_from = output.get("kind", "logits"), output.get("known_from", "")
    asked = source.output_kinds.get(output["name"]) or source.output_kinds.get(EVERY)
    if asked is not None:
        kind, known_from = asked, FLAG
    elif config and said and said.kind == "features" and kind not in ("probabilities", "sigmoid"):
        kind, known_from = "features", config.path.name
    thresholds = said.thresholds if said and kind == "sigmoid" else ()
    if config and len(thresholds) > 1 and len(thresholds) != output["shape"][1]:
        raise UsageError(
            f"{config.path} gives thresholds for {len(thresholds)} labels, and {source.name} has {output['shape'][1]}",
            "Correct the configuration, or remove its PostProcess.",
        )
    return {**output, "kind": kind, "known_from": known_from, "thresholds": thresholds}
