"""Proves that the client works with the oldest of everything that it says it works with.

Installs the client with the lower bounds of its own dependencies into an environment of its own, and runs its
tests there. The environment is made anew when those bounds change; after that no network is needed.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

UV = Path(".venv-tool/bin/uv")
BOUNDS = Path("client/pyproject.toml")
ENVIRONMENT = Path(".venv-oldest")
PYTHON = ENVIRONMENT / "bin/python"
INSTALLED = ENVIRONMENT / ".installed"
TEST_TOOLS = [
    "cryptography>=45",
    "hypothesis>=6.140",
    "pytest>=9",
    "pytest-asyncio>=1.2",
    "pytest-timeout>=2.4",
]
# The conformance suite runs the service too, which needs newer ones.
TESTS = ["tests/client", "--ignore=tests/client/conformance", "--confcutdir=tests/client"]


def main() -> int:
    if not INSTALLED.exists() or INSTALLED.read_bytes() != BOUNDS.read_bytes():
        install()
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    command = [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS]
    return subprocess.run(command, env=environment, check=False).returncode


def install() -> None:
    INSTALLED.unlink(missing_ok=True)
    subprocess.run([UV, "venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT], check=True)
    install = [UV, "pip", "install", "--quiet", "--python", PYTHON, "--resolution=lowest-direct"]
    subprocess.run([*install, "--editable", "client", *TEST_TOOLS], check=True)
    INSTALLED.write_bytes(BOUNDS.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
