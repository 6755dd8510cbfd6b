"""The matrix: every model on every target, converted and verified, resumable, with a report."""
