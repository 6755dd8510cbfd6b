"""Latency, memory and size of artifacts in their own runtimes, beside what was published for other hardware."""
