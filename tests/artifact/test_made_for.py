"""The note on an artifact that goes to a device of another instruction set than the one that it was made for."""

import shutil
from pathlib import Path

from msgspec.structs import replace

from edgekit.artifact.load import read_manifest
from edgekit.artifact.made_for import note_on_device
from edgekit.artifact.manifest import FILE, Manifest, RecipeRecord, RewriteRecord, RewrittenGraph
from edgekit.parity import Tolerance

BOUND = RewriteRecord("merge-mixed-depthwise", 13, of="speed", machines=("x86_64",))
FREE = RewriteRecord("merge-split-pointwise", 21, of="speed")


def manifest_with(folder: Path, *rewrites: RewriteRecord, made_for: str | None = "x86_64") -> Manifest:
    """MixNet_S's of ncnn, with these rewrites."""
    shutil.copyfile(Path(__file__).parent / "manifest_schema_1.json", folder / FILE)
    manifest = read_manifest(folder)
    model = replace(manifest.model, name="MixNet_S", family="MixNet")
    return replace(manifest, target="ncnn", model=model, rewrites=rewrites, made_for=made_for)


def test_a_rewrite_of_another_instruction_set_is_named_with_the_way_out(tmp_path: Path) -> None:
    manifest = manifest_with(tmp_path, FREE, BOUND)
    assert note_on_device(manifest, "aarch64") == (
        "MixNet_S on ncnn has merge-mixed-depthwise, measured to be faster on x86_64 alone: "
        "for aarch64 convert it with --for aarch64"
    )
    assert note_on_device(manifest, "x86_64") is None


def test_what_is_for_any_machine_or_changed_nothing_is_no_note(tmp_path: Path) -> None:
    of: RewrittenGraph = "target"
    for one in (FREE, replace(BOUND, applied=0), replace(BOUND, machines=("x86_64", "armv7")), replace(BOUND, of=of)):
        assert note_on_device(manifest_with(tmp_path, one), "armv7") is None
    assert note_on_device(manifest_with(tmp_path), "armv7") is None


def test_an_older_manifest_is_read_with_the_recipe_of_today(tmp_path: Path) -> None:
    older = manifest_with(tmp_path, replace(BOUND, machines=()), FREE, made_for=None)
    note = note_on_device(older, "armv7")
    assert note is not None
    assert "has merge-mixed-depthwise, measured to be faster on x86_64 alone" in note
    assert note_on_device(older, "x86_64") is None
    # What a user's own recipe bound it to is not known: that of the project does not speak for it.
    own = replace(older, recipe=RecipeRecord("mine.toml", "0" * 64, Tolerance()))
    assert note_on_device(own, "armv7") is None
