"""How much one tenant's catalog holds: what one bundle can carry, so that every catalog can be exported."""

MAX_TYPES = 1_000
MAX_TEMPLATES = 10_000
"""Of a channel and a locale each; versions are not counted."""
MAX_LAYOUTS = 200
MAX_VERSIONS = 100
"""Of a template; the oldest that is not in use makes room for the next."""
