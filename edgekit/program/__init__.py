"""Paddle inference models from elsewhere: which files they are, and what lies beside them."""
