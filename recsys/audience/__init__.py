"""Rules that say for whom a content is."""
