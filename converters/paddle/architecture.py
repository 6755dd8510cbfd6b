"""A row of the catalog, as the workers that build networks take it."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """Where PaddleClas builds the network, and what edgekit must know of it.

    `head`: the structured name of the classifier's weight, [features, classes] or a convolution's [classes, features,
    1, 1]; None for a network without classes. `last`: the layers that make the output, whose scales and offsets can set
    its spread; the head alone where nothing is said. `class_argument`: what the constructor calls the number of
    classes; None where it takes none. `global_pool`: the structured name of a final average pool of fixed size that is
    replaced by a global one, or None. `neck`: what makes features of a recogniser's backbone (`module`, `factory`,
    `arguments`, and the layer that it comes `after`), or None.
    """

    name: str
    module: str
    factory: str
    head: str | None
    arguments: dict[str, Any] = field(default_factory=dict)
    global_pool: str | None = None
    class_argument: str | None = "class_num"
    last: tuple[str, ...] = ()
    neck: dict[str, Any] | None = None

    @classmethod
    def from_option(cls, option: dict[str, Any]) -> "Architecture":
        """From a request's option; keys that say nothing about building are passed over."""
        head = option["head"]
        return cls(
            name=option.get("name", option["factory"]),
            module=option["module"],
            factory=option["factory"],
            head=head,
            arguments=dict(option.get("arguments", {})),
            global_pool=option.get("global_pool"),
            class_argument=option.get("class_argument", "class_num"),
            last=tuple(option.get("last", [head.removesuffix(".weight")] if head else [])),
            neck=option.get("neck"),
        )
