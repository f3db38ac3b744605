"""Point-in-time features of (employee, content) pairs."""
