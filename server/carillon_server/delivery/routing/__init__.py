"""Which provider takes a message, and whether it may right now."""
