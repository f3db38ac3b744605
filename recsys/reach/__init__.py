"""Whom a content reached, whom it did not and why, and for whom it would do most."""
