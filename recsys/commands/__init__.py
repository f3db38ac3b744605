"""The sub-commands of `recsys`, a module each; heavy imports happen when one is called."""
