"""Mails on their way: handed over as a file or sent by SMTP, each at most once."""
