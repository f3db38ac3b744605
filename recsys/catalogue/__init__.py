"""What a company consists of: contents, renditions, employees and their choices, by index."""
