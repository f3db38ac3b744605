"""The demonstration page: views, templates and style."""
