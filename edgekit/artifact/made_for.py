"""Whether an artifact was made for a device: its rewrites for speed may be bound to other instruction sets."""

from edgekit.artifact.manifest import Manifest
from edgekit.pipeline.target import targets
from edgekit.recipe.load import recipe_for


def note_on_device(manifest: Manifest, machine: str) -> str | None:
    """What a user must know who takes an artifact to a device of the instruction set `machine`.

    None where every rewrite for speed that changed it is on there too.
    """
    elsewhere = {name: bound for name, bound in bound_rewrites(manifest).items() if machine not in bound}
    if not elsewhere:
        return None
    names, measured = ", ".join(elsewhere), ", ".join(sorted({one for bound in elsewhere.values() for one in bound}))
    runtime = targets()[manifest.target].description.title
    return (
        f"{manifest.model.name} on {runtime} has {names}, measured to be faster on {measured} alone: for {machine} "
        f"convert it with --for {machine}"
    )


def bound_rewrites(manifest: Manifest) -> dict[str, tuple[str, ...]]:
    """The rewrites for speed that changed an artifact and are bound to instruction sets: their names -> these.

    Of a manifest that is older than the record, as the family's recipe has them now; a user's own recipe may say
    something else, and is not asked.
    """
    applied = [one for one in manifest.rewrites if one.of == "speed" and one.applied]
    if not applied or manifest.made_for is not None:
        return {one.name: one.machines for one in applied if one.machines}
    chosen = None if manifest.recipe else recipe_for(manifest.model.family).targets.get(manifest.target)
    names = {one.name for one in applied}
    return {
        one.name: one.machines
        for one in (chosen.speed if chosen else ())
        if one.name in names and one.machines and one.concerns(manifest.model.name)
    }
