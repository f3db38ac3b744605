"""Experiments that run: designed, drawn, served, seen, watched and decided."""
