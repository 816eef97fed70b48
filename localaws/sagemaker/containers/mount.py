"""/opt/ml in its literal place, without root and without docker: a private mount namespace of Linux.

Where user namespaces are refused (other systems, many containers), programs find their folders through
SAGEMAKER_BASE_DIR and the SM_* variables instead.
"""

import subprocess
from functools import cache
from pathlib import Path

OPT_ML = Path("/opt/ml")

UNSHARE = ["unshare", "--user", "--map-root-user", "--mount", "/bin/sh", "-euc"]

# $0 is the folder to show as /opt/ml, $1 the working directory, the rest the command. What lies in /opt stays
# visible, the interpreter may live there: the old /opt is reached through the working directory while a new
# one is put over it, which is why the mounts must not resolve their names (-c).
SCRIPT = """
container=$0; work=$1; shift
if [ ! -d /opt/ml ]; then
    cd /opt
    mount -t tmpfs -o mode=755 tmpfs /opt
    for entry in *; do
        if [ -d "$entry" ]; then mkdir "/opt/$entry"
        elif [ -e "$entry" ]; then : > "/opt/$entry"
        else continue; fi
        mount -c --rbind "$entry" "/opt/$entry"
    done
    mkdir /opt/ml
fi
mount --bind "$container" /opt/ml
cd "$work"
exec "$@"
"""


@cache
def refusal() -> str | None:
    """Why a process may not have an /opt/ml of its own here; None where it may."""
    try:
        probe = subprocess.run(
            [*UNSHARE, SCRIPT, "/tmp", "/", "true"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired) as problem:
        return str(problem)
    return probe.stderr.strip() or f"exit code {probe.returncode}" if probe.returncode else None


def base_of(container: Path) -> Path:
    """Where the program inside finds the folder: /opt/ml, or the folder itself."""
    return container if refusal() else OPT_ML


def inside(container: Path, work: Path, command: list[str]) -> list[str]:
    """The command that runs ``command`` in ``work``, with ``container`` as /opt/ml where that is possible."""
    if refusal():
        return ["/bin/sh", "-euc", 'cd "$0"; exec "$@"', str(work), *command]
    return [*UNSHARE, SCRIPT, str(container), str(work), *command]
