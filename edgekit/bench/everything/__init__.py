"""Every target and precision of one model in one run: what each costs, what it buys, and which to ship."""
