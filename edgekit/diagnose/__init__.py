"""Why an artifact is wrong: which step of the conversion, which layer, which rewrite mends it, and a reproducer."""
