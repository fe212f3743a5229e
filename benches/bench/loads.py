"""Puts load on servers: two at the same moment (co-run), one after the other (in turn), or idle connections."""

import json
import subprocess
import time

from . import machine


class Request:
    """What is asked of a server."""

    def __init__(self, path, method="GET", bodies=None, headers=(), paths=None):
        self.path = path
        # A file with one on each line, asked in turn.
        self.paths = paths
        self.method = method
        self.bodies = bodies
        self.headers = headers

    def arguments(self):
        arguments = ["--method", self.method, "--path", self.path]
        if self.paths:
            arguments += ["--paths", str(self.paths)]
        if self.bodies:
            arguments += ["--bodies", str(self.bodies)]
        for header in self.headers:
            arguments += ["--header", header]
        return arguments


class Loads:
    """Starts load clients with the portal's certificate."""

    def __init__(self, bench):
        self.bench = bench
        self.first_body = 0

    def start(self, server, request, extra, **pipes):
        """Starts a load client; its lines are slices of time."""
        certificates = self.bench.certificates
        command = [self.bench.load, "--address", f"127.0.0.1:{server.port}"]
        command += ["--authorities", certificates / "root.pem"]
        command += ["--certificate", certificates / "portale-uno.pem", "--key", certificates / "portale-uno.key"]
        command += ["--server", server.pid] + request.arguments() + extra
        return subprocess.Popen(
            [str(part) for part in command],
            preexec_fn=machine.on_core(machine.CLIENT_CORE),
            stdout=subprocess.PIPE,
            text=True,
            **pipes,
        )

    def _measured(self, server, request, plan, extra):
        # Bodies that were sent before may be in a cache: every run goes on where the last one could have ended.
        first = ["--first-body", self.first_body]
        self.first_body += 150_000
        slices, seconds, warm_up = plan
        timing = ["--start-at", time.time() + warm_up, "--slices", slices, "--slice", seconds]
        return self.start(server, request, timing + extra + first)

    def _result(self, client):
        text, _ = client.communicate()
        if client.returncode:
            raise RuntimeError(f"the load client failed: {client.args}")
        return [json.loads(line) for line in text.splitlines()]

    def together(self, pairs, plan, extra):
        """Loads servers at the same moment; one list of slices for each."""
        clients = [self._measured(server, request, plan, extra) for server, request in pairs]
        return [self._result(client) for client in clients]

    def alone(self, server, request, plan, extra):
        """Loads one server."""
        return self._result(self._measured(server, request, plan, extra))

    def held(self, server, request, connections):
        """RSS while so many connections are open, each after one request."""
        extra = ["--mode", "idle", "--connections", connections]
        client = self.start(server, request, extra, stdin=subprocess.PIPE)
        if not client.stdout.readline():
            raise RuntimeError(f"{server.name} did not take {connections} connections")
        time.sleep(1)
        resident = machine.resident_mib(server.pid)
        text, _ = client.communicate()
        closed = json.loads(text)["closed"]
        if closed:
            raise RuntimeError(f"{server.name} closed {closed} of {connections} connections")
        return resident
