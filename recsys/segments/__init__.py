"""Behavioural segments: groups learned from how people read."""
