"""Renders templates, in processes of their own."""
