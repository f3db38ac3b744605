"""The closed loop: a simulated company lives with serving, nightly training and promotion."""
