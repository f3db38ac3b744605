"""The rules of a slate, one module each; :mod:`recsys.slate.recipe` puts them in order."""
