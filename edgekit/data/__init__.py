"""Photos that a user has: found in files and folders, and read one after another."""
