"""What the services offer, one description per call."""
