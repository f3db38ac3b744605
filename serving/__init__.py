"""The HTTP API and the portal page: one engine per process that follows the store."""
