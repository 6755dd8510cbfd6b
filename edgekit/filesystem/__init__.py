"""Files: written whole, hashed once, swapped at once, and never another's; disks that are full."""
