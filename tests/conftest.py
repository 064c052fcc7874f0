from __future__ import annotations

pytest_plugins = ["tests.engines", "tests.faults.options"]
