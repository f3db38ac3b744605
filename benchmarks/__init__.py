"""Timings and figures, each beside a peer in the same run; they may import everything."""
