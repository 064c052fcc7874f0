"""Files that are wrong, with the lines that say so; `{name: content}` is laid over a good catalog."""

from __future__ import annotations

from dataclasses import dataclass

_TYPES = "types/more.yaml"
_EN = "templates/scan.completed/fr.yaml"
_MAIL = "templates/scan.completed/fr.email.md"


@dataclass(frozen=True)
class Broken:
    """One file, and `line: words` for every problem that it has to lead to."""

    file: str
    content: str | bytes
    problems: tuple[tuple[int, str], ...]


def types(text: str, *problems: tuple[int, str]) -> Broken:
    """A type in a file of its own; its name is on line 2."""
    return Broken(_TYPES, f"types:\n  - name: extra\n{text}", problems)


def template(text: str, *problems: tuple[int, str]) -> Broken:
    return Broken(_EN, text, problems)


def mail(text: str, *problems: tuple[int, str]) -> Broken:
    return Broken(_MAIL, text, problems)


BROKEN: dict[str, Broken] = {
    "bad indentation": types("   category: x\n", (3, "no YAML")),
    "a tab": types("\tcategory: x\n", (3, "no YAML")),
    "an open quote": types('    category: "x\n', (4, "no YAML")),
    "an alias": types("    category: &c x\n    display_name: *c\n", (3, "anchors"), (4, "aliases")),
    "a merge key": types(
        "    sample_data: {a: &a {b: 1}}\n    <<: *a\n", (3, "anchors"), (4, "'<<'"), (4, "alias")
    ),
    "a tag": types("    category: !!python/name:os.system x\n", (3, "tags")),
    "a key twice": types("    category: x\n    category: y\n", (4, "first on line 3")),
    "a key that is no text": types("    sample_data: {1: x}\n", (3, "keys are texts")),
    "two documents": Broken(_TYPES, "types: []\n---\ntypes: []\n", ((2, "second document"),)),
    "an empty file": Broken(_TYPES, "# nothing\n", ((1, "is empty"),)),
    "a list for a map": Broken(_TYPES, "- name: x\n", ((1, "must be a map"),)),
    "depth without end": types("    sample_data: {a: " + "[" * 60 + "]" * 60 + "}\n", (3, "nested deeper")),
    "depth far without end": types("    sample_data: " + "[" * 100_000, (3, "")),
    "not UTF-8": Broken(_TYPES, b"types:\n  - name: \xff\n", ((2, "not UTF-8"),)),
    "a NUL": Broken(_TYPES, "types:\n  - name: a\x00b\n", ((2, "NUL"),)),
    "a control character": Broken(_TYPES, "types:\n  - name: a\x07b\n", ((2, "no YAML"),)),
    "a file too large": Broken(_TYPES, "# " + "x" * 1024 * 1024, ((1, "larger than"),)),
    "an unknown key": types("    chanels: {}\n", (3, "channels is")),
    "an unknown channel": types("    channels: {fax: true}\n", (3, "no channel")),
    "a switch that is a word": types("    channels: {email: yes}\n", (3, "true or false")),
    "an unknown priority": types("    priority: urgentest\n", (3, "none of low")),
    "a number for a text": types("    category: 2026\n", (3, "put it in quotes")),
    "nothing for a text": types("    category:\n", (3, "nothing")),
    "an empty text": types('    category: ""\n', (3, "is empty")),
    "a text too long": types(f"    category: {'x' * 101}\n", (3, "longer than 100")),
    "a duration that is none": types("    time_to_live: 7 days\n", (3, "duration")),
    "a duration too long": types("    time_to_live: 3661d\n", (3, "from 1s to 3660d")),
    "a duration too short": types("    time_to_live: 0.5s\n", (3, "from 1s")),
    "several at once": types(
        "    time_to_live: 1\n    priority: 3\n    mandatory: 1\n",
        (3, "quotes"),
        (4, "quotes"),
        (5, "true or false"),
    ),
    "a time that is none": types(
        '    digest:\n      frequency: daily\n      channels: [email]\n      local_time: "8:00"\n',
        (6, "08:00"),
    ),
    "a digest without frequency": types("    digest: {local_time: 08:00}\n", (3, "frequency is missing")),
    "a digest into the inbox": types("    digest: {frequency: daily, channels: [in_app]}\n", (3, "none of")),
    "too many items": types("    digest: {frequency: daily, max_items: 1001}\n", (3, "1 to 1,000")),
    "a day twice": types('    schedule: {local_time: "08:00", weekdays: [monday, monday]}\n', (3, "twice")),
    "a step to nobody": types("    escalation: {steps: [{after: 30m}]}\n", (3, "channels and topic")),
    "no steps": types("    escalation: {steps: []}\n", (3, "1 to 10 items")),
    "a huge integer": types("    sample_data: {n: 99999999999999999}\n", (3, "2**53")),
    "a number JSON lacks": types("    sample_data: {n: .nan}\n", (3, "JSON does not have")),
    "a number too large": types("    sample_data: {n: 1e999}\n", (3, "too large")),
    "a type without name": Broken(_TYPES, "types:\n  - category: x\n", ((2, "name is missing"),)),
    "a name that is none": Broken(_TYPES, "types:\n  - name: a b\n", ((2, "not a name"),)),
    "a type twice": Broken(_TYPES, "types:\n  - name: scan.completed\n", ((2, "given twice"),)),
    "an unknown template channel": template("mail: {subject: x}\n", (1, "'mail'")),
    "a template without title": template("in_app:\n  body: x\n", (2, "title is missing")),
    "two bodies": template("email:\n  subject: x\n  html: x\n  mjml: x\n", (4, "only one of html and mjml")),
    "no body": template("email:\n  subject: x\n", (2, "at least one of")),
    "six actions": template(
        "in_app:\n  title: x\n  actions: [" + ", ".join(f"{{id: a{n}, label: x}}" for n in range(6)) + "]\n",
        (3, "0 to 5"),
    ),
    "push data with a bad key": template("push:\n  title: x\n  data: {a b: x}\n", (3, "no key")),
    "no front matter": mail("# Hello\n", (1, "must begin")),
    "an open front matter": mail("---\nsubject: x\n", (1, "no second line")),
    "a wrong key in front matter": mail("---\nsubject: x\nsubjekt: y\n---\nbody\n", (3, "subject is")),
    "no subject": mail("---\npreheader: x\n---\nbody\n", (2, "subject is missing")),
    "an empty body": mail("---\nsubject: x\n---\n\n", (4, "body is empty")),
    "an unknown layout": mail("---\nsubject: x\nlayout: bass\n---\nx\n", (3, "is 'base' meant")),
    "a mail twice": Broken(
        "templates/scan.completed/en.email.html", "---\nsubject: x\n---\nx\n", ((1, "twice"),)
    ),
    "a locale that is none": Broken("templates/scan.completed/en_US.yaml", "", ((1, "no locale"),)),
    "a template of no type": Broken(
        "templates/scan.complete/en.yaml", "in_app: {title: x}\n", ((1, "is 'scan.completed' meant"),)
    ),
    "another ending": Broken("types/x.yml", "types: []\n", ((1, "does not belong"),)),
    "a template in a template": Broken(
        "templates/scan.completed/a/en.yaml", "", ((1, "does not belong here"),)
    ),
    "a layout of no format": Broken("layouts/base.txt", "x", ((1, "layouts are files"),)),
    "an empty layout": Broken("layouts/empty.html", "\n", ((1, "is empty"),)),
    "a layout twice": Broken("layouts/base.html", "{{ content }}", ((1, "given twice"),)),
    "a topic that is none": Broken("topics.yaml", "topics:\n- name: a b\n", ((2, "topic's name"),)),
    "unknown settings": Broken(
        "catalog.yaml", "settings:\n  unknown_types: maybe\n", ((2, "refuse, accept"),)
    ),
    "far too deep": Broken("types/a/b/c/d/e/f.yaml", "types: []\n", ((1, "deeper than"),)),
}
