#!/usr/bin/env python3
"""Puts the load of the bench's rows on an instrumented gateway, so that it writes down what it does often:

    benches/train.py PROGRAM

No figure is taken. What it writes, and where, was told when PROGRAM was built (scripts/guided-build.sh).
"""

import subprocess
import sys
from pathlib import Path

from bench.bodies import FOLDER, ROOT, write_bodies
from bench.loads import Loads
from bench.rows import PERSON, PURPOSE, REST, SOAP, TINY
from bench.loads import Request
from bench.servers import Bench

# Without a rest between slices, and long enough that the record is written out and months of it are looked after.
PLAN = (1, 6, 1)
CONNECTIONS = ("32", "256")


def questions(many, few):
    for ente, bodies in ((REST, many), (SOAP, many), (REST, few)):
        yield Request(PERSON.format(ente), "POST", bodies, [PURPOSE])


def main():
    program = Path(sys.argv[1]).resolve()
    FOLDER.mkdir(parents=True, exist_ok=True)
    certificates = FOLDER / "certificates"
    subprocess.run([ROOT / "certs" / "make.sh", certificates], check=True)
    many, few = write_bodies()
    bench = Bench(FOLDER, certificates, ROOT / "target/release/load", ROOT / "target/release/back-end")
    loads = Loads(bench)
    try:
        server = bench.pontile(program, "trained")
        for question in questions(many, few):
            for connections in CONNECTIONS:
                loads.alone(server, question, PLAN, ["--connections", connections])
        for resumed in ([], ["--resume"]):
            loads.alone(server, Request(TINY), PLAN, ["--mode", "handshakes", "--connections", "8", *resumed])
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
