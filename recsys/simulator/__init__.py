"""A simulated company: its people, its contents, what they read, and the truth behind it."""
