"""A newsletter issue: the slate of everybody, by the rules of the feed and the editors' quotas."""
