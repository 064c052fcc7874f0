"""Kinds that send nothing: for looking, trying and measuring."""
