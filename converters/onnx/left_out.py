"""Activations that ONNX Runtime's quantiser leaves out."""

import onnx


def restore_activations(full: onnx.GraphProto, quantised: onnx.GraphProto) -> set[str]:
    """Put back the rectifiers and clips that ONNX Runtime's quantiser left out, since integers end where they do.

    Values in FP32 do not, and the network without them would be another one. Returns the names of these nodes.
    """
    restored = set()
    kept = {node.name for node in quantised.node}
    known = {tensor.name for tensor in quantised.initializer}
    constants = {tensor.name: tensor for tensor in full.initializer}
    # The last first: of two in a row the node above has the last one's output.
    for node in reversed(full.node):
        if node.name in kept or len(node.output) != 1:
            continue
        (output,) = node.output
        found = next((place for place, one in enumerate(quantised.node) if output in one.output), None)
        if found is None:
            continue
        above = quantised.node[found]
        above.output[list(above.output).index(output)] = node.input[0]
        quantised.node.insert(found + 1, node)
        restored.add(node.name)
        for name in node.input[1:]:
            if name in constants and name not in known:
                quantised.initializer.append(constants[name])
                known.add(name)
    return restored
