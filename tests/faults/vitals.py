"""What a server says of itself, and what the kernel says of it."""

from __future__ import annotations

import os
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

_PAGE_SECONDS = 30
_ESTABLISHED = "01"


@dataclass(frozen=True)
class Vitals:
    """Of one process."""

    pid: int
    address: str
    metrics_address: str

    def metric(self, name: str) -> float:
        """The sum over all labels; 0 where there is none yet. Fails while the process does not answer."""
        with urllib.request.urlopen(f"http://{self.metrics_address}/metrics", timeout=_PAGE_SECONDS) as page:
            families = list(text_string_to_metric_families(page.read().decode()))
        samples = [sample for family in families for sample in family.samples]
        return sum(sample.value for sample in samples if sample.name == name)

    @property
    def memory_bytes(self) -> int:
        """What is its own, in RAM."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return 1024 * int(line.split()[1])
        raise AssertionError("the kernel does not tell")

    @property
    def cpu_seconds(self) -> float:
        """What it took of processors, all its threads together."""
        times = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def open_files(self) -> int:
        """Connections too, of callers and to engines."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    @property
    def connections(self) -> int:
        """Of callers."""
        port = f":{int(self.address.rpartition(':')[2]):04X}"
        rows = [line.split() for line in Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]]
        return sum(row[1].endswith(port) and row[3] == _ESTABLISHED for row in rows)
