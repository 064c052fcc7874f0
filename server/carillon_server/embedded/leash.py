"""Turn into another program, one that dies with its parent and never runs as root.

Run as a script by a bare interpreter (`python -I -S leash.py …`), between fork and exec of everything that
`carillon up` starts, because what happens here cannot be done safely in a process with threads:

* The kernel sends the program a signal when the thread that started it ends. A supervisor killed with
  SIGKILL therefore leaves nothing behind. Linux only; elsewhere this step does nothing.
* Postgres refuses to run as root. `namespace:UID` makes root look like that user inside a user namespace,
  with files and rights as they are; `user:UID:GID` gives root up for good.
"""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000


def _check(result: int, action: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{action}: {os.strerror(error)}")


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:  # noqa: PTH123 - pathlib would double the start-up time
        file.write(text)


def _die_with_parent(libc: ctypes.CDLL, parent: int, signal_number: int) -> None:
    if sys.platform != "linux":
        return
    _check(libc.prctl(_PR_SET_PDEATHSIG, signal_number), "prctl")
    if os.getppid() != parent:
        sys.exit("the parent is gone")


def _enter_namespace(libc: ctypes.CDLL, user: int) -> None:
    real_user, real_group = os.geteuid(), os.getegid()
    _check(libc.unshare(_CLONE_NEWUSER), "unshare")
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {real_user} 1")
    _write("/proc/self/gid_map", f"{user} {real_group} 1")


def _become(user: int, group: int) -> None:
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)


def main(parent: str, signal_number: str, identity: str, *command: str) -> None:
    """Become `command`, which must name its program by its path."""
    libc = ctypes.CDLL(None, use_errno=True)
    match identity.split(":"):
        case ["namespace", user]:
            _enter_namespace(libc, int(user))
        case ["user", user, group]:
            _become(int(user), int(group))
    # Last, because a change of user clears it.
    _die_with_parent(libc, int(parent), int(signal_number))
    os.execv(command[0], command)  # noqa: S606 - to become another program is the purpose


if __name__ == "__main__":
    main(*sys.argv[1:])
