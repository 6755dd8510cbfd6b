"""Photos of a calibration on which a network goes far beyond what it does on others."""

# A type checker without these packages takes folders of their names for them.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable

import numpy as np
import openvino
from openvino import opset13
from read_ir import weighted


def extremes(model: openvino.Model, calls: Iterable[np.ndarray]) -> np.ndarray:
    """How far each call goes, [calls]: of all layers with weights the largest ratio of the largest magnitude that one
    makes in this call to the median of those in all calls.
    """
    watched = model.clone()
    largest = []
    for node in weighted(watched):
        magnitude = opset13.absolute(node.output(0))
        axes = np.arange(len(node.output(0).get_partial_shape()))
        largest.append(opset13.result(opset13.reduce_max(magnitude, axes)))
    watched.add_results(largest)
    compiled = openvino.compile_model(watched, "CPU")
    added = compiled.outputs[-len(largest) :]
    found = np.array([[result[port].item() for port in added] for result in (compiled(call) for call in calls)])
    # What is no number goes furthest.
    found[~np.isfinite(found)] = np.inf
    usual = np.maximum(np.median(found, axis=0), np.finfo(np.float32).tiny)
    return (found / usual).max(axis=1)


def without_outliers(extreme: np.ndarray, share: float) -> list[int]:
    """The places of at most that share of the calls, those that go least far, in order; at least one."""
    kept = max(int(len(extreme) * share), 1)
    return sorted(np.argsort(extreme, kind="stable")[:kept].tolist())
