"""The live state that all features come from."""
