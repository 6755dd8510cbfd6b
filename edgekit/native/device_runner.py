"""The runner for a device that is reached: static, with the layers of one artifact."""

from edgekit.devices.remote_machine import RemoteMachine
from edgekit.native.compilers import find_compiler
from edgekit.native.plan import Build, Layers, ncnn_pin
from edgekit.native.source import ensure_source
from edgekit.parity.verdict import Precision
from edgekit.pipeline.execute import Executor
from edgekit.pipeline.stage import Stage


def device_runner(machine: RemoteMachine, layers: Layers, precision: Precision, executor: Executor) -> Stage:
    """The stage that builds it, the one that `edgekit package` builds for the same processor.

    Raises AbsentError where the compiler or the library's source is not to be had.
    """
    compiler = find_compiler(machine.architecture)
    source = ensure_source(ncnn_pin(), executor.store.cache, executor.store.notify, offline=executor.toolchain.offline)
    return Build(machine.architecture, compiler, source, layers, precision).runner()
