"""Chat tools, by way of Apprise."""
