"""What a quantisation is calibrated on: photos, prepared as the model takes them, once for all targets."""
