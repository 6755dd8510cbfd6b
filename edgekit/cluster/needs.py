"""What a task takes of a machine of the cluster, and which machines have it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from edgekit.cluster.absent import required
from edgekit.errors import AbsentError
from edgekit.pipeline.schedule import too_big
from edgekit.pipeline.stage import Stage

CPU, GPU, MEMORY = "CPU", "GPU", "memory"
"""As Ray calls what it finds by itself: cores, GPUs, bytes."""
EMULATED = {"aarch64": "arm64", "armv7": "arm64"}
"""What a machine is said to offer that stages of emulated ARM machines are to run on."""
REACHED = {"adb": "adb_phone", "ssh": "ssh_board"}
"""The same of devices that are reached."""

Node = Mapping[str, float]
"""What one machine offers, by resource."""


@dataclass(frozen=True)
class Needs:
    """Cores, bytes of memory, GPUs, and what a machine must be said to offer."""

    cores: float = 1
    memory_bytes: int = 0
    gpus: int = 0
    custom: Mapping[str, float] = field(default_factory=dict)

    def fit(self, node: Node) -> bool:
        """Whether a machine with nothing else to do could take it."""
        wanted = {CPU: self.cores, GPU: self.gpus, MEMORY: self.memory_bytes, **self.custom}
        return all(node.get(name, 0) >= amount for name, amount in wanted.items())

    def options(self) -> dict[str, Any]:
        """The same for Ray."""
        custom = dict(self.custom)
        return {"num_cpus": self.cores, "num_gpus": self.gpus, "memory": self.memory_bytes, "resources": custom}


def reserved_cores() -> int:
    """The cores that Ray keeps for the task that this runs in."""
    return int(required("ray").get_runtime_context().get_assigned_resources()[CPU])


def needs_of(stage: Stage, nodes: Sequence[Node]) -> Needs:
    """What a stage takes. Raises AbsentError where no machine offers it, ConversionError where none has the memory.

    A timed stage takes all cores of a machine, of the largest ones: nothing runs beside it, and those are alike.
    """
    gpus = int(stage.limits.gpu)
    custom, able = offering(stage.machine.name if stage.machine else None, gpus, nodes)
    largest = max(node[CPU] for node in able)
    cores = largest if stage.alone else min(stage.cores, largest)
    needs = Needs(cores, stage.memory_bytes, gpus, custom)
    if not any(needs.fit(node) for node in able):
        raise too_big(stage, int(max(node.get(MEMORY, 0) for node in able)))
    return needs


def offering(device: str | None, gpus: int, nodes: Sequence[Node]) -> tuple[dict[str, float], list[Node]]:
    """What a machine must be said to offer for a device, and the machines that do. Raises AbsentError for none.

    What runs on an emulated machine goes where that is offered, and everywhere where it is offered nowhere.
    """
    able = [node for node in nodes if node.get(CPU, 0) >= 1]
    kind = (device or "").partition(":")[0]
    name = REACHED.get(kind) or EMULATED.get(kind)
    if kind in EMULATED and not any(node.get(name or "", 0) >= 1 for node in able):
        name = None
    custom = {name: 1.0} if name else {}
    found = [node for node in able if node.get(GPU, 0) >= gpus and all(node.get(one, 0) >= 1 for one in custom)]
    if not found:
        raise not_offered([*custom, *([GPU] if gpus else [])])
    return custom, found


def not_offered(names: Sequence[str]) -> AbsentError:
    """The error of what no machine of the cluster offers."""
    shown = " and ".join(names)
    return AbsentError(
        f"no machine of the cluster offers {shown}",
        f"Start one that does with `ray start --address ... --resources '{{\"{names[0]}\": 1}}'`.",
    )
