"""Long-term taste from who read what: factor models for features, and batch baselines.

Everything here is pure: arrays in, arrays out, randomness as a seed. On a live intranet these
models are inputs to the ranker and baselines to beat, never the ranking itself: they know nothing
of what happened since the last fit.
"""
