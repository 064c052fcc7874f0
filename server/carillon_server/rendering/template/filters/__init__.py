"""What can be done to values, after a bar."""
