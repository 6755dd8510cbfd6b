"""Which stages lead from weights to artifacts, in which order, and what of it is cached."""
