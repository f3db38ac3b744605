"""The answer of an experiment as one page that anybody can read."""
