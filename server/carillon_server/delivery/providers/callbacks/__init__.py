"""Reading what providers tell of messages that they took."""
