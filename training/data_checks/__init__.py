"""Checks of a company's data, one idea each; :mod:`training.validation` runs them all."""
