"""Sizes, durations and latencies: how people read them, and under which conditions a latency counts."""
