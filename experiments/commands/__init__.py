"""The sub-commands of `recsys experiment`, a module each; they import when one is called."""
