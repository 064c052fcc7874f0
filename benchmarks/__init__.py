"""Figures as ratios from one run: ours against the limit that the machine and the libraries set."""
