"""One configuration: read whole, or refused with the step that edgekit cannot follow."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgekit.configuration.document import WAY_OUT, read_document
from edgekit.configuration.fields import fields_of, size_in
from edgekit.configuration.forms import Described, describe
from edgekit.configuration.labels import Labels, labels_behind, listed_labels
from edgekit.configuration.options import NotFollowed, Options, shown
from edgekit.configuration.steps import Step
from edgekit.errors import UsageError
from edgekit.inputs.preprocessing import Preprocessing
from edgekit.inputs.size import Size


@dataclass(frozen=True)
class Configuration:
    """What a file beside a model says.

    `form` is whose it is; `preprocessing` are the fields of a Preprocessing that it decides (all of them, but `crop`
    where it names no size); `labels` the names of the classes, where it has them; `notes` what the user must know.
    """

    path: Path
    form: str
    preprocessing: dict[str, Any] = field(default_factory=dict)
    labels: Labels | None = None
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> Size | None:
        """The model's input, where the file names it."""
        return size_in(self.preprocessing)

    def agrees(self, other: "Configuration") -> bool:
        """Whether both say the same."""
        names, others = (one.labels and one.labels.names for one in (self, other))
        return self.preprocessing == other.preprocessing and names == others


def read_configuration(path: Path, beside: Sequence[Path] = ()) -> Configuration | None:
    """The configuration in `path`; None where it is YAML of something else.

    Files of names that it mentions are looked for in its folder and in those of `beside`. Raises UsageError for what
    is no YAML, and for what cannot be followed: a model fed with other pixels than it was trained on is silently wrong.
    """
    document = read_document(path)
    try:
        described = describe(document)
        if described is None:
            return None
        found, notes = prepared(described)
        labels = listed_labels(described.labels, str(path))
        if labels is None:
            labels, more = labels_behind(described.post, str(path), [path.parent, *beside])
            notes += more
    except NotFollowed as error:
        raise UsageError(f"{path} cannot be followed: {error}", WAY_OUT) from None
    check(found, path)
    return Configuration(path, described.form, found, labels, tuple(f"{path} {note}" for note in notes))


def prepared(described: Described) -> tuple[dict[str, Any], list[str]]:
    """The fields that a configuration decides, and what to tell of them. Raises NotFollowed."""
    if not described.steps:
        return {}, [*described.notes, "lists no step that prepares photos"]
    fields = fields_of([follow(described, name, options) for name, options in described.steps])
    notes = [*described.notes, *fields.notes]
    if described.evaluation is not None and evaluated(described) != fields.found:
        notes.append("prepares photos in another way for its evaluation than for inference, which is followed")
    return fields.found, notes


def evaluated(described: Described) -> dict[str, Any] | None:
    """The fields of a training's evaluation, None where they cannot be followed."""
    try:
        return fields_of([follow(described, name, options) for name, options in described.evaluation or ()]).found
    except NotFollowed:
        return None


def follow(described: Described, name: str, options: Any) -> Step:
    """One step of a configuration. Raises NotFollowed where edgekit does not know it, or an option of it."""
    reader = described.readers.get(name)
    if reader is None:
        raise NotFollowed(f"it prepares photos with {shown(name)}, which edgekit does not know")
    try:
        asked = Options(name, options)
        step = reader(asked)
        asked.finish()
    except NotFollowed as error:
        raise NotFollowed(f"of its step {name}, {error}") from None
    return step


def check(found: dict[str, Any], path: Path) -> None:
    """Raise UsageError where no Preprocessing can be made of the fields."""
    import msgspec

    # Where no size is named, any that can be cut out does for the check.
    crop = found.get("crop", found.get("resize_short", 224))
    try:
        msgspec.convert({**found, "crop": crop}, Preprocessing)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path} cannot be followed: {error}", WAY_OUT) from None
