"""Text messages, and what they may cost."""
