"""Starts converters and runners: each in an environment and a process of its own, bounded in time and memory."""
