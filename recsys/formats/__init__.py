"""In which format each employee takes contents in."""
