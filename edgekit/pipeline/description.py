"""What is known of a model besides its network: how photos are prepared for it, and what its classes are called."""

from dataclasses import dataclass
from pathlib import Path

from edgekit.configuration.configuration import Configuration
from edgekit.configuration.find import configurations_in, find_configuration
from edgekit.configuration.labels import IMAGENET, Labels, bundled_labels, read_labels
from edgekit.weights import ResolvedWeights

IMAGENET_ASKED = "imagenet"


@dataclass(frozen=True)
class Description:
    """The configuration that is followed and the names of the classes, None where there are none.

    `asked` and `labels_asked` are what the user said of them (`--config`, `--labels`); `notes` are sentences that the
    user must read.
    """

    configuration: Configuration | None = None
    labels: Labels | None = None
    asked: str | None = None
    labels_asked: str | None = None
    notes: tuple[str, ...] = ()


def describe_program(folder: Path, asked: str | None = None, labels_asked: str | None = None) -> Description:
    """What is known of the program in `folder`: from the configuration that is asked for, or from the one beside it.

    Raises UsageError for a configuration or a list of names that cannot be followed.
    """
    found = find_configuration(folder, asked)
    labels = asked_labels(labels_asked) or (found.configuration.labels if found.configuration else None)
    notes = tuple(note for note in found.notes if labels is None or "--labels FILE" not in note)
    return Description(found.configuration, labels, asked, labels_asked, notes)


def describe_weights(
    weights: ResolvedWeights,
    asked: str | None = None,
    labels_asked: str | None = None,
    published: Labels | None = None,
) -> Description:
    """What is known of a model of the catalog with these weights: its recipe says the rest.

    A configuration beside a weights file is named, not followed: what trains a network lies among many others. The
    official weights have the names `published`. Raises UsageError as `describe_program`.
    """
    folder = Path(weights.spec).parent if weights.kind == "file" else None
    found = find_configuration(folder or Path(), asked) if asked is not None else None
    notes = list(found.notes) if found else []
    if asked is None and folder is not None:
        notes += [
            f"{path} says how photos are prepared, and is not followed: --config {path} follows it"
            for path in configurations_in(folder)
        ]
    configuration = found.configuration if found else None
    labels = asked_labels(labels_asked) or (configuration.labels if configuration else None)
    if labels is None and weights.class_names is not None:
        labels = Labels(weights.class_names, weights.label)
    if labels is None and weights.kind == "official":
        labels = published
    return Description(configuration, labels, asked, labels_asked, tuple(notes))


def asked_labels(asked: str | None) -> Labels | None:
    """The names that the user asked for: those in a file, or ImageNet's 1000."""
    if asked == IMAGENET_ASKED:
        found = bundled_labels(IMAGENET)
        assert found is not None  # it is part of the project
        return Labels(found.names, found.origin)
    return None if asked is None else read_labels(Path(asked).expanduser())
