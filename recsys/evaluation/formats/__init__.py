"""How well the format model foretells what is taken in, on a later part of a log."""
