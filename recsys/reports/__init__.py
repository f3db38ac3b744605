"""Reports: aggregates only, small groups suppressed."""
