"""Starts and stops what is measured, and the back end that all share."""

import shutil
import socket
import ssl
import string
import subprocess
import time
from pathlib import Path

from . import comuni, machine

HERE = Path(__file__).resolve().parent.parent
PATIENCE = 30


class Server:
    """A process on the servers' core."""

    def __init__(self, name, port, process, folder):
        self.name = name
        self.port = port
        self.process = process
        self.folder = folder

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Bench:
    """A folder with certificates, a back end, and servers by name."""

    def __init__(self, folder, certificates, load, back_end):
        self.folder = folder
        self.certificates = certificates
        self.load = load
        self.back_end_program = back_end
        self.running = []
        self.back_end = self._start_back_end()

    def stop(self):
        for server in reversed(self.running):
            server.stop()
        self.running.clear()

    def _start_back_end(self):
        address = f"127.0.0.1:{machine.free_port()}"
        command = [self.back_end_program, address, HERE / "replies"]
        process = subprocess.Popen(command, preexec_fn=machine.on_core(machine.CLIENT_CORE))
        self.running.append(Server("back-end", int(address.split(":")[1]), process, self.folder))
        wait_for_port(int(address.split(":")[1]))
        return address

    def nginx(self, name="nginx"):
        folder, port = self._fresh(name), machine.free_port()
        configuration = self._write(folder, "nginx.conf", port=port)
        return self._start(name, port, ["nginx", "-p", folder, "-c", configuration], folder)

    def haproxy(self):
        folder, port = self._fresh("haproxy"), machine.free_port()
        combined = [(self.certificates / part).read_text() for part in ("server.pem", "server.key")]
        (folder / "server.combined.pem").write_text("".join(combined))
        # Open, so that a log line costs what it costs, and never read.
        self.log_socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.log_socket.bind(("127.0.0.1", 0))
        configuration = self._write(folder, "haproxy.cfg", port=port, log_port=self.log_socket.getsockname()[1])
        return self._start("haproxy", port, ["haproxy", "-f", configuration], folder)

    def pontile(self, program, name="pontile", database=None, enti=2, added=""):
        folder, port = self._fresh(name), machine.free_port()
        database = database or f"sqlite:{folder}/record"
        (folder / "secret").write_text("bench\n")
        self._write(folder, "concessione.toml")
        configuration = self._write(
            folder, "pontile.toml", port=port, operator_port=machine.free_port(), database=database, adapters=HERE.parent / "adapters"
        )
        with configuration.open("a") as file:
            file.write(comuni.configuration(enti, self.back_end, folder) + added)
        subprocess.run([program, "--config", configuration, "migrate"], check=True, stdout=subprocess.DEVNULL)
        return self._start(name, port, [program, "--config", configuration, "serve"], folder)

    def floor(self, program):
        """The bare loop with the record, see floor/main.rs; it makes its record itself."""
        folder, port = self._fresh("floor"), machine.free_port()
        return self._start("floor", port, [program, f"127.0.0.1:{port}", self.certificates, self.back_end, folder], folder)

    def stop_one(self, server):
        server.stop()
        self.running.remove(server)

    def _fresh(self, name):
        folder = self.folder / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def _write(self, folder, name, **values):
        template = string.Template((HERE / "conf" / name).read_text())
        text = template.substitute(folder=folder, certificates=self.certificates, back_end=self.back_end, **values)
        (folder / name).write_text(text)
        return folder / name

    def _start(self, name, port, command, folder):
        begun = time.monotonic()
        output = (folder / "output").open("w")
        process = subprocess.Popen(
            [str(part) for part in command], preexec_fn=machine.on_core(machine.SERVER_CORE), stdout=output, stderr=output
        )
        server = Server(name, port, process, folder)
        self.running.append(server)
        wait_for_port(port, process)
        self.first_answer(port)
        server.ready_seconds = time.monotonic() - begun
        return server

    def first_answer(self, port):
        """A handshake and a request on a path that need not exist: any answer shows that the server serves."""
        context = ssl.create_default_context(cafile=str(self.certificates / "root.pem"))
        context.load_cert_chain(self.certificates / "portale-uno.pem", self.certificates / "portale-uno.key")
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(b"GET /tiny HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                if not secure.recv(1024).startswith(b"HTTP/1.1 "):
                    raise RuntimeError(f"no HTTP answer on port {port}")


def wait_for_port(port, process=None):
    until = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process and process.poll() is not None:
                raise RuntimeError(f"{process.args[0]} has ended: see the file `output` in its folder") from None
            if time.monotonic() > until:
                raise
            time.sleep(0.002)

