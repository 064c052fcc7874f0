"""Catalogs as files: a folder read into a bundle, and a bundle written into a folder.

A bundle is a plain dictionary of the shape of `carillon.v1.CatalogBundle`, as the client takes it. Everything
wrong with a folder is found in one go, each with its file and line.
"""
