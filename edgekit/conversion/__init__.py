"""From a model to artifacts: what is planned is run, and written with its manifest."""
