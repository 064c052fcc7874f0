"""The template language: what runs inside a render process, and nowhere else."""
