"""How large a test has to be, and whether the company is large enough for it."""
