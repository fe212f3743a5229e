"""The province of Como as `make run` starts it, with rates that nobody reaches."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import tomllib
import urllib.request
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from . import machine

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "config" / "examples" / "como"
STATE = ROOT / "var" / "como"
# As the example's addresses end: 127.0.0.1:18101 is a system that speaks d1.
DIALECTS = {"1": "d1", "2": "d2", "3": "d3", "4": "d4", "5": "d5", "6": "d6", "7": "d7", "8": "d8", "9": "d4b"}
UNBOUNDED = "{ per_second = 1000000, burst = 1000000 }"


@dataclass(frozen=True)
class Ente:
    istat: str
    belfiore: str
    instance: str
    dialect: str | None

    @property
    def resident(self):
        """Somebody who is known there, as the simulated population has it."""
        at = {"B639": 1, "D416": 2, "C933": 0}.get(self.belfiore, int(self.belfiore[1:]) % 3)
        return ["RSSMRA80A01C933H", "BNCNNA75T71B639E", "FOXLAX01B28D416I"][at]


def read(folder, name):
    return [one for file in sorted((EXAMPLE / folder).glob("*.toml")) for one in tomllib.loads(file.read_text()).get(name, [])]


def enti():
    addresses = {one["name"]: one.get("address", "") for one in read("istanze", "instance")}
    return [
        Ente(one["codice_istat"], one["codice_belfiore"], instance := one["servizi"]["anagrafe"]["instance"], dialect(addresses[instance]))
        for one in read("enti", "ente")
        if "anagrafe" in one.get("servizi", {})
    ]


def dialect(address):
    found = re.search(r"127\.0\.0\.1:1810(\d)", address)
    return DIALECTS[found[1]] if found else None


class Como:
    def __init__(self, profile):
        self.profile = profile
        self.enti = enti()

    def _unbounded(self, name):
        """The example's files of that folder without the limits of portals and grants."""
        folder = STATE / f"{name}-bench"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in (EXAMPLE / name).glob("*.toml"):
            text = re.sub(r"rate = \{[^}]*\}", f"rate = {UNBOUNDED}", file.read_text())
            (folder / file.name).write_text(re.sub(r"daily_quota = \d+", "daily_quota = 100000000", text))
        return folder

    def __enter__(self):
        # The addresses that follow the simulators' control port, too, must be free: the script checks them.
        self.port, operators, self.control = machine.free_port(), machine.free_port(), 18300
        portals, grants = (self._unbounded(folder) for folder in ("portali", "concessioni"))
        environment = os.environ | {
            "PORT": str(self.port),
            "OPERATOR_PORT": str(operators),
            "SIMULATOR_PORT": str(self.control),
            "PROFILE": self.profile,
            "PONTILE__FILES__PORTALS": json.dumps([str(EXAMPLE / "finalita.toml"), f"{portals}/*.toml"]),
            "PONTILE__FILES__GRANTS": json.dumps([f"{grants}/*.toml"]),
            "PONTILE__PORTAL_DOOR__REQUESTS_PER_ADDRESS": "1000000",
            "PONTILE__PORTAL_DOOR__REQUESTS_PER_CONNECTION": "1000000",
            "PONTILE__PORTAL_DOOR__CONNECTIONS_PER_ADDRESS": "10000",
        }
        self.process = subprocess.Popen([ROOT / "scripts/run.sh"], env=environment, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if "Pontile is ready" in line:
                break
        else:
            raise SystemExit("make run did not start: see above")
        self.gateway = next(one for one in machine.with_children(self.process.pid) if Path(f"/proc/{one}/comm").read_text().strip() == "pontile")
        self.ready_seconds = (STATE / "pontile.out").stat().st_mtime - began(self.gateway)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def resident_mib(self):
        return machine.resident_mib(self.gateway)

    def dialects(self):
        return set(DIALECTS.values())

    def alone(self):
        """Those whose registry is asked over HTTP, answers at once, and serves nobody else."""
        serving = Counter(one.instance for one in self.enti)
        return [one for one in self.enti if one.dialect not in (None, "d8") and serving[one.instance] == 1]

    def fault(self, order):
        self._control("POST", order)

    def clear_faults(self):
        self._control("DELETE")

    def _control(self, method, order=None):
        request = urllib.request.Request(f"http://127.0.0.1:{self.control}/control/faults", method=method)
        request.add_header("Content-Type", "application/json")
        urllib.request.urlopen(request, json.dumps(order).encode() if order else None).read()


def began(process):
    """When a process was started, in seconds since 1970."""
    ticks_after_boot = int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[19])
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return booted + ticks_after_boot / os.sysconf("SC_CLK_TCK")
