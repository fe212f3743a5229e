"""The machine: cores, free ports, versions, what the kernel tells of processes."""

import os
import platform
import resource
import socket
import subprocess
from pathlib import Path

SERVER_CORE = 0
CLIENT_CORE = 1
OPEN_FILES = 20000


def on_core(core):
    """For subprocess: pins the child to a core and lets it open enough sockets."""

    def prepare():
        os.sched_setaffinity(0, {core})
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

    return prepare


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def with_children(process):
    """The process and all its descendants."""
    found = [process]
    for task in Path(f"/proc/{process}/task").iterdir():
        try:
            children = (task / "children").read_text().split()
        except FileNotFoundError:
            # A thread may end while the list is read.
            continue
        for child in children:
            found += with_children(int(child))
    return found


def resident_mib(process):
    """RSS of the process and its descendants."""
    total = 0
    for one in with_children(process):
        for line in Path(f"/proc/{one}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total / 1024


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def description():
    """One line on the machine, one on the versions."""
    model = next(
        (line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // (1 << 20)
    system = next(line.split("=", 1)[1].strip('"') for line in Path("/etc/os-release").read_text().splitlines() if line.startswith("PRETTY_NAME"))
    versions = ", ".join(
        [
            output("nginx", "-v").removeprefix("nginx version: "),
            output("haproxy", "-v").split("-")[0].replace("version ", ""),
            output("openssl", "version").split("  ")[0],
            output("rustc", "--version").split(" (")[0],
        ]
    )
    return f"{os.cpu_count()} × {model}, {memory} GiB, {system}, Linux {platform.release()}", versions
