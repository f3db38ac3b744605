"""The sub-commands of `recsys` that this package registers."""
