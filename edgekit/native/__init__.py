"""Programs for devices: an inference library with only the layers of one model, and the runner that links it."""
