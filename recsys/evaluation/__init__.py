"""How ranking is measured: the live protocol, its baselines, metrics and their uncertainty."""
