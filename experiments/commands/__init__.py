"""The commands below `recsys experiment`."""
