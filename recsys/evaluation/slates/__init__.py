"""What other policies would have made of the feeds in the slate log."""
