#!/usr/bin/env python3
"""Measures the gateway beside nginx and HAProxy, and prints a table in Markdown: `make bench`, or

    benches/run.py [--rows ROW,…] [--slices 7] [--seconds 2] [--without-build] [--profile guided]

Method (docs/performance.md): every server has one worker on core 0, load clients and back end are on core 1. In a co-run
nginx and the variant are loaded at the same moment, so both see the same machine; what counts is the ratio of their
processor time per request in each slice of time, and of that the median and the range.
"""

import argparse
import subprocess
import sys
import time

from bench import machine, report, rows
from bench.bodies import FOLDER, ROOT, write_bodies
from bench.loads import Loads
from bench.servers import Bench

# Not a profile of cargo's: what scripts/guided-build.sh makes of `dist`.
GUIDED = "guided"


def build(options):
    def cargo(*arguments):
        subprocess.run(["cargo", "build", "--quiet", "--locked", *arguments], cwd=ROOT, check=True)

    print(f"building pontile ({options.profile}) and the load client", file=sys.stderr)
    cargo("--profile", "release", "--package", "pontile-bench")
    if options.profile == GUIDED:
        subprocess.run([ROOT / "scripts" / "guided-build.sh"], check=True)
    else:
        cargo("--profile", options.profile, "--package", "pontile", "--bin", "pontile")
    if any(row.startswith("floor") for row in options.rows.split(",")):
        cargo("--profile", "dist", "--package", "pontile", "--example", "floor")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(rows.ALL), help="which rows, in this order")
    parser.add_argument("--slices", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of a slice")
    parser.add_argument("--profile", default=GUIDED, help="cargo's, or `guided`: as it is shipped")
    parser.add_argument("--before", help="for the row `before`: another build of the program, to hold this one against")
    parser.add_argument("--without-build", action="store_true")
    options = parser.parse_args()

    subprocess.run([ROOT / "scripts" / "install-debian-packages.sh", "bench"], check=True)
    if not options.without_build:
        build(options)
    FOLDER.mkdir(parents=True, exist_ok=True)
    certificates = FOLDER / "certificates"
    subprocess.run([ROOT / "certs" / "make.sh", certificates], check=True)
    many, few = write_bodies()

    bench = Bench(FOLDER, certificates, ROOT / "target/release/load", ROOT / "target/release/back-end")
    program = ROOT / "target" / options.profile / "pontile"
    measurement = rows.Measurement(bench, Loads(bench), program, many, few, options)
    results = []
    try:
        for name in options.rows.split(","):
            begun = time.monotonic()
            results += rows.ALL[name](measurement)
            print(f"{name}: {time.monotonic() - begun:.0f} s", file=sys.stderr)
    finally:
        bench.stop()
    text = report.table(results, machine.description(), options)
    (FOLDER / "result.md").write_text(text)
    print(text)
    if any(result.invalid for result in results):
        sys.exit("some rows are invalid: see the notes")


if __name__ == "__main__":
    main()
