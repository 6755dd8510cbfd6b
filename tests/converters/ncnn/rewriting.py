"""One rewrite on a small graph: that it keeps the values, and what it says where it does not apply."""

from types import ModuleType

import numpy as np
import onnx
from edgeworker.rewrite import apply_rewrites
from onnx.reference import ReferenceEvaluator

from tests.converters.ncnn.attention_graphs import image


class RewriteUnderTest:
    """The rewrite called `name`, applied as the converter does."""

    def __init__(self, name: str, onnx_graph: ModuleType, rewrites: ModuleType) -> None:
        self.name = name
        self._graph = onnx_graph.OnnxGraph
        self._all = {rewrite.name: rewrite for rewrite in rewrites.REWRITES}

    def apply(self, model: onnx.ModelProto, *before: str) -> dict:
        """Rewrite `model` in place, after the rewrites `before`; returns the report."""
        graph = self._graph(model)
        *_, report = apply_rewrites(graph, [self._all[name] for name in (*before, self.name)])
        graph.prune()
        return report

    def keeps_values(self, model: onnx.ModelProto, applied: int = 1, *before: str) -> None:
        """Assert: same names, shapes and numbers; everything was applied; a second time changes nothing."""
        expected, names = evaluate(model), [value.name for value in model.graph.output]
        assert self.apply(model, *before) == {"name": self.name, "applied": applied, "refused": []}
        onnx.checker.check_model(model, full_check=True)
        assert [value.name for value in model.graph.output] == names
        for old, new in zip(expected, evaluate(model), strict=True):
            assert old.shape == new.shape
            np.testing.assert_allclose(new, old, rtol=1e-5, atol=1e-6)
        self.leaves(model)

    def leaves(self, model: onnx.ModelProto) -> None:
        """Assert: there is nothing that it would change, nor that it would refuse."""
        before = model.SerializeToString()
        assert self.apply(model) == {"name": self.name, "applied": 0, "refused": []}
        assert model.SerializeToString() == before

    def refuses(self, model: onnx.ModelProto) -> str:
        """Assert: it changes nothing; returns its only reason."""
        before = model.SerializeToString()
        report = self.apply(model)
        assert report["applied"] == 0
        assert model.SerializeToString() == before
        (reason,) = report["refused"]
        return reason


def evaluate(model: onnx.ModelProto) -> list[np.ndarray]:
    """Every output for normal numbers as `x`, by ONNX's own reference implementation."""
    return [np.asarray(value) for value in ReferenceEvaluator(model).run(None, {"x": image(model)})]


def operators(model: onnx.ModelProto) -> list[str]:
    """The graph's operators in order."""
    return [node.op_type for node in model.graph.node]
