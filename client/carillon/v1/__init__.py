"""The generated messages and stubs of the API, version 1."""
