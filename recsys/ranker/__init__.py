"""The learned ranker: training rows, fitting, scoring."""
