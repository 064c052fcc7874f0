"""Renders templates, in processes of their own, and compiles JSON Schemas."""
