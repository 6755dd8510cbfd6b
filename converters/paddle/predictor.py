"""Paddle Inference on the CPU: how its predictors are made, and what they compute."""

from pathlib import Path

from edgeworker.runner import Tensors
from paddle_runtime import framework_pb2, paddle
from program import read_file


def predictor(model: Path, weights: Path, threads: int, *, onednn: bool = True) -> paddle.inference.Predictor:
    """What runs the program in `model` (.pdmodel) with the parameters in `weights` (.pdiparams)."""
    config = configured(model, weights, threads)
    if not onednn:
        config.disable_mkldnn()
    return paddle.inference.create_predictor(config)


def configured(model: Path, weights: Path, threads: int) -> paddle.inference.Config:
    """How a predictor is made of a program; each config can be used once."""
    config = paddle.inference.Config(str(model), str(weights))
    config.disable_gpu()
    config.disable_glog_info()
    config.enable_memory_optim()
    config.set_cpu_math_library_num_threads(threads)
    if lacks_factors(read_file(model)):
        config.switch_ir_optim(False)
    return config


def lacks_factors(description: framework_pb2.ProgramDesc) -> bool:
    """Whether a batch norm was built without factors: Paddle's fusions then read where nothing is, and crash."""
    return any(
        op.type == "batch_norm" and not any(slot.arguments for slot in op.inputs if slot.parameter == "Scale")
        for op in description.blocks[0].ops
    )


def computed(made: paddle.inference.Predictor, inputs: Tensors) -> Tensors:
    """Every output of one batch, by name, copied out of the runtime's memory."""
    for name, value in inputs.items():
        made.get_input_handle(name).copy_from_cpu(value)
    made.run()
    return {name: made.get_output_handle(name).copy_to_cpu() for name in made.get_output_names()}
