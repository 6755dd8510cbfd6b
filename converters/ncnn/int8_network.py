"""A network in ncnn whose blobs can be looked at: what ranges and costs of quantisation are measured by."""

# A type checker without the package ncnn takes this folder, which has its name, for it.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import ncnn
import numpy as np
from edgeworker.ranking import flat
from edgeworker.refusal import Refusal
from param_file import ParamFile
from run import HALF_PRECISION


class Network:
    """A network in ncnn; whatever it is asked for is computed by the arithmetic of its file."""

    def __init__(self, param: Path, binary: Path) -> None:
        self._net = ncnn.Net()
        self._net.opt.num_threads = 1
        self._net.opt.use_vulkan_compute = False
        self._net.opt.lightmode = False
        for option in HALF_PRECISION:
            setattr(self._net.opt, option, False)
        if self._net.load_param(str(param)) != 0 or self._net.load_model(str(binary)) != 0:
            raise Refusal(f"ncnn cannot load {param.name}", kind="input")
        self._input = ParamFile.read(param).inputs()[0]

    def blobs(self, sample: np.ndarray, names: Iterable[str]) -> Iterator[tuple[str, np.ndarray]]:
        """Some blobs of one sample [C, H, W], one after the other: views that are good until the next."""
        with self._net.create_extractor() as extractor:
            extractor.input(self._input, ncnn.Mat(np.ascontiguousarray(sample)).clone())
            for name in names:
                status, mat = extractor.extract(name)
                if status != 0:
                    raise Refusal(f"ncnn failed with status {status} before {name}")
                yield name, np.asarray(mat)

    def outputs(self, photos: Iterable[np.ndarray], names: Sequence[str]) -> list[np.ndarray]:
        """The outputs `names` of each of `photos` [1, C, H, W], side by side, float64."""
        return [flat(value for _, value in self.blobs(photo[0], names)) for photo in photos]
