"""The monitoring report: whether the model still lives in the world it learned from."""
