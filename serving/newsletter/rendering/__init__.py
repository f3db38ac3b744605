"""Mails as people see them: subject, HTML and plain text."""
