"""Catalogs as files."""
