"""Requests to the outside: one client, bounded in every way, to public addresses alone."""
