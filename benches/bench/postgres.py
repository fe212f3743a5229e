"""A PostgreSQL server of our own on a free port, where its programs are installed; it waits for the disk at every commit."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from . import machine

USER = "postgres"


class Postgres:
    """Starts at once; `None` from `start` means that there is none on this machine."""

    @classmethod
    def start(cls):
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        return cls(programs[-1]) if programs else None

    def __init__(self, programs):
        self.programs = programs
        self.folder = Path(tempfile.mkdtemp(prefix="pontile-bench-", dir="/var/tmp"))
        self.port = machine.free_port()
        if os.geteuid() == 0:
            user = pwd.getpwnam(USER)
            os.chown(self.folder, user.pw_uid, user.pw_gid)
        data = self.folder / "data"
        self._run("initdb", "--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C.UTF-8", "-D", data)
        settings = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}", "max_connections=100"]
        self.process = subprocess.Popen(
            self._command("postgres", "-D", data, *(part for setting in settings for part in ("-c", setting))),
            preexec_fn=machine.on_core(machine.CLIENT_CORE),
            stdout=subprocess.DEVNULL,
            stderr=(self.folder / "log").open("w"),
        )
        self._wait()
        self._run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", USER, "pontile")

    @property
    def address(self):
        return f"postgres://{USER}@127.0.0.1:{self.port}/pontile"

    def version(self):
        return machine.output(str(self.programs / "postgres"), "--version").replace(" (PostgreSQL)", "")

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _wait(self):
        for _ in range(300):
            ready = subprocess.run([self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False)
            if ready.returncode == 0:
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()}")

    def _command(self, program, *arguments):
        # The server refuses to run as root.
        become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"] if os.geteuid() == 0 else []
        return become + [str(part) for part in (self.programs / program, *arguments)]

    def _run(self, program, *arguments):
        subprocess.run(self._command(program, *arguments), check=True, stdout=subprocess.DEVNULL, cwd=self.folder)
