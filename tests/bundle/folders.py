"""Catalogs as folders for tests: texts by path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

GOOD: Mapping[str, str] = {
    "catalog.yaml": "description: For tests.\nsettings: {default_locale: en}\n",
    "types/all.yaml": """\
types:
  - name: scan.completed
    display_name: Scan completed
    description: A scan ended well.
    category: scans
    priority: high
    channels: {in_app: true, email: true, sms: false}
    retention: {archive_after: 30d, delete_after: 12h}
    collapse_rule: scan/{{ project_name }}
    time_to_live: 7d
    data_schema:
      type: object
      properties:
        project_name: {type: string}
        issue_count: {type: integer}
      required: [project_name]
    sample_data: {project_name: Apollo, issue_count: 3}
    digest: {frequency: weekly, channels: [email], local_time: 08:00, weekday: friday, max_items: 50}
    schedule: {local_time: "08:30", weekdays: [monday, friday], topic: briefings}
    escalation: {steps: [{after: 30m, channels: [sms], topic: team/oncall}]}
""",
    "templates/scan.completed/en.yaml": """\
in_app:
  title: Scan of {{ project_name }} is complete
  actions: [{id: open, label: Open, url: "https://example.com"}]
push: {title: Done, data: {screen: scans}}
sms:
  text: |
    Scan complete:
    {{ project_name }}
""",
    "templates/scan.completed/en.email.md": (
        "---\nsubject: Scan complete\nlayout: base\n---\n# Hello\n\n{{ project_name }}\n"
    ),
    "templates/scan.completed/de-CH.yaml": 'in_app: {title: "Prüfung fertig"}\n',
    "layouts/base.mjml": "<mjml><mj-body>{{ content }}</mj-body></mjml>\n",
    "layouts/footer.html": "<p>Footer</p>\n",
    "topics.yaml": "topics: [{name: briefings, display_name: Briefings, description: Each morning.}]\n",
    "README.md": "not read\n",
    ".hidden": "not read\n",
}


def write_folder(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Writes the files and returns the folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
