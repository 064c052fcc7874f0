"""Parts of the composition root that servers and workers share."""
