"""Proves artifacts: plans what is to run, judges what came out, keeps the verdicts."""
