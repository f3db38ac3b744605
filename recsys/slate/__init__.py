"""From a ranking to a feed."""
