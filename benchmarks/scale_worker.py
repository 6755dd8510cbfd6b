"""A stage of a known length for benchmarks/scale.py: it waits, and leaves a file of a known size. Not a converter."""

# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy==1.26.4", "safetensors==0.8.0"]
# ///

import os
import time

from edgeworker.protocol import Request, main


def job(request: Request) -> dict:
    """Wait for `seconds`, and write `megabytes` that no compression makes smaller."""
    time.sleep(request.options["seconds"])
    (request.output / "out.bin").write_bytes(os.urandom(int(request.options["megabytes"] * 1e6)))
    return {}


main(job, ["numpy"])
