"""Types, templates and layouts: how they are checked, changed and shown."""
