"""What stages may take: seconds, memory, threads."""

from edgekit.toolchain.worker import Limits

# Conversions beside each other share the machine: one thread each. A timed run has it all.
CONVERSION_LIMITS = Limits(seconds=900, memory_bytes=10 << 30, threads=1)
RUN_THREADS = 2
RUN_LIMITS = Limits(seconds=900, memory_bytes=12 << 30, threads=RUN_THREADS)
# An emulated processor takes 20 to 40 times as long.
EMULATED_LIMITS = Limits(seconds=7200, memory_bytes=12 << 30, threads=1)
