"""The paragraph that tells a diagnosis."""

from edgekit.diagnose.report import CureReport, Diagnosis, LayerReport, StepReport, TensorReport


def sentence(found: Diagnosis, guilty: StepReport | None, reason: str, cause: str = "") -> str:
    """What is wrong, where, what mends it, and where to see it; `cause` where no layer is to blame."""
    parts = []
    if found.changed_files:
        named = " and ".join(found.changed_files)
        parts.append(
            f"{named} no longer {'has' if len(found.changed_files) == 1 else 'have'} the hash in the manifest."
        )
    if cause:
        return " ".join([*parts, cause])
    if guilty is None:
        parts.append("Nothing is wrong: every step computes what the program does.")
        return " ".join(parts)
    parts.append(blame(found, guilty, reason))
    if found.layer is not None:
        parts.append(layer_words(found, found.layer, guilty))
    parts += cure_words(found.cures)
    if found.reproducer is not None and found.reproducer.shows:
        parts.append(f"Reproducer: {found.reproducer.script}.")
    elif found.reproducer is not None and found.reproducer.refused:
        parts.append(f"No reproducer was written: {found.reproducer.reason}.")
    elif found.reproducer is not None:
        parts.append(f"The layer alone does not show it ({found.reproducer.reason}); see {found.reproducer.folder}.")
    return " ".join(parts)


def blame(found: Diagnosis, guilty: StepReport, reason: str) -> str:
    """Which step it is."""
    if guilty.name == "program":
        return (
            f"Paddle's own FP32 is off by {guilty.error:.1e} from the same program in float64, beyond "
            f"{guilty.limit:.0e}: no conversion can be judged by it."
        )
    if guilty.error is None:
        return f"{guilty.title} fails: {(guilty.reason or reason).rstrip('.')}."
    if guilty.limit is not None and guilty.error <= guilty.limit:
        return f"{guilty.title} is the first to fail: {guilty.reason.rstrip('.')}."
    before = [step for step in found.steps if step.status == "ok"]
    healthy = f"; {before[-1].title} is still right ({before[-1].error:.1e})" if before and before[-1].error else ""
    why = f" No layer is named: {reason}." if reason and found.layer is None else ""
    return f"{guilty.title} is the first to part: off by {guilty.error:.1e}, beyond {guilty.limit:.1e}{healthy}.{why}"


def layer_words(found: Diagnosis, layer: LayerReport, guilty: StepReport) -> str:
    """Which layer, and by how much."""
    attributes = ", ".join(f"{name}={value}" for name, value in list(layer.attributes.items())[:6])
    place = f"Its layer `{layer.name}` ({layer.type}{', ' + attributes if attributes else ''})"
    if layer.with_it:
        place += f", with {', '.join(layer.with_it)} before it,"
    if not layer.outputs and not layer.changed_parameters:
        kind = f"{layer.type}{', ' + attributes if attributes else ''}"
        return f"The first layer that it fails on is `{layer.name}` ({kind})."
    if not layer.outputs:
        return f"{place} stores other parameters than a fresh conversion: {', '.join(layer.changed_parameters)}."
    agreed = [one.error for one in layer.inputs if one.error is not None]
    said = f"{place} parts first: "
    if agreed:
        said += f"its inputs agree {f'to {max(agreed):.0e}' if max(agreed) else 'bit by bit'}, "
    said += output_words(layer.outputs[0])
    if layer.stands_for:
        said += f"; it stands for {layer.stands_for}"
    if layer.changed_parameters:
        said += f"; its stored {', '.join(layer.changed_parameters)} is not what a fresh conversion stores"
    return said + "."


def output_words(output: TensorReport) -> str:
    """How its output differs."""
    shape = "x".join(map(str, output.shape))
    if output.error is None:
        return f"its output {shape or 'is missing'} is like no tensor of the healthy step"
    return f"its output {shape} is off by {output.error:.1e} of its largest value"


def cure_words(cures: tuple[CureReport, ...]) -> list[str]:
    """What mends it, or that nothing here does."""
    mending = [one for one in cures if one.mends]
    if mending:
        return [
            f"{'The rewrites' if ' and ' in one.rewrite else 'The rewrite'} {one.rewrite} "
            f"{'mend' if ' and ' in one.rewrite else 'mends'} it"
            + (f" (error {one.error:.1e})" if one.error is not None else "")
            + f": name {'them' if ' and ' in one.rewrite else 'it'} under [[{one.recipe_key}]] in the recipe."
            for one in mending[:1]
        ]
    return (
        [f"No rewrite that the recipe leaves out mends it ({', '.join(one.rewrite for one in cures)} tried)."]
        if cures
        else []
    )
