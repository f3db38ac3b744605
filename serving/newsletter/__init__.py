"""The newsletter: a plan for everybody, picks for each, and the truth at the last moment."""
