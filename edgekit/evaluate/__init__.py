"""What an artifact costs in accuracy: the same photos for it and for the reference, counted photo by photo."""
