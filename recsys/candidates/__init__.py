"""Which contents an employee could be shown."""
