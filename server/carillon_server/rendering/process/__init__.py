"""What runs in a render process: `python -I -m carillon_server.rendering.process`."""
