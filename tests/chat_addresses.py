"""Addresses of chats, good and bad."""

from __future__ import annotations

_WORKFLOW = (
    "workflows/0123456789abcdef/triggers/manual/paths/invoke"
    "?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=abc_DEF-123"
)
_SLACK = "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"
_DISCORD = "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"

CHAT_ADDRESSES = (
    _SLACK,
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    _DISCORD,
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    f"https://prod-12.westeurope.logic.azure.com:443/{_WORKFLOW}",
    f"https://default0.1a.environment.api.powerplatform.com:443/powerautomate/automations/direct/{_WORKFLOW}",
    "https://chat.googleapis.com/v1/spaces/AAAA1234567/messages?key=k3y_a-b&token=t0ken_a-b",
    "gchat://AAAA1234567/k3y_a-b/t0ken_a-b",
    "tgram://123456789:abcdefg_hijklmnop/12315544",
    "https://webexapis.com/v1/webhooks/incoming/" + "a" * 80,
    "wxteams://" + "a" * 80,
)

NO_CHAT_ADDRESSES = (
    "https://example.com/hook",
    "https://hooks.slack.com.evil.example/services/T1/A1/x",
    "https://evil.example/https://hooks.slack.com/services/T1/A1/x",
    "http://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
    "https://hooks.slack.com@evil.example/services/T1/A1/x",
    f"https://evil.example/{_WORKFLOW}",
    f"https://evil-logic.azure.com.evil.example/{_WORKFLOW}",
    # Options of Apprise: files that are read, checks that are turned off.
    _SLACK + "?template=/etc/passwd",
    _SLACK + "?verify=no",
    _DISCORD + "?redirect=yes",
    f"https://prod-12.westeurope.logic.azure.com:443/{_WORKFLOW}&template=/etc/passwd",
    f"https://prod-12.westeurope.logic.azure.com:443/{_WORKFLOW.replace('sv=', '%74emplate=')}",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js?template=file:///etc/passwd",
    "slack://T1/A1/x%3Ftemplate=x",
    "slack://T1/A1/x\n",
    # Hosts of somebody's choice are for operators, in the settings of their provider.
    "mmost://127.0.0.1/abcdefghijklmnopqrstuvwx",
    "mmosts://chat.example.com/abcdefghijklmnopqrstuvwx",
    "rockets://token@host/room",
    "gotifys://host/token",
    "json://127.0.0.1/",
    "ntfy://host/topic",
    "matrixs://host/room",
    # On this machine.
    "file:///etc/passwd",
    "dbus://",
    "syslog://",
    "exec://ls",
    "windows://",
    "mailto://user:password@example.com",
    "slack://",
    "slack",
    "https://hooks.slack.com/services/" + "T" * 2_048,
)
