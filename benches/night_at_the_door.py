#!/usr/bin/env python3
"""Measures what reading a night file of 200,000 persons costs those who ask meanwhile, at the portals' door.

    benches/night_at_the_door.py [--nights 5] [--rate 500] [--crowd 200000] [--quiet 10] [--profile dist]

The gateway runs as in the other measurements (one worker, core 0; load clients and back end on core 1; `cargo build --release
--package pontile-bench` and, with the profile, `--workspace --bins` come first). One client asks a REST back end about people, another one the night copy,
each at a fixed rate over mutual TLS; latency counts from the moment at which a question was due. An instance looks for its file at
each full minute: before it lie the quiet seconds, after it those in which the file is read, sealed, indexed and swapped in.
"""

import argparse
import datetime
import json
import os
import statistics
import subprocess
import sys
import time

from bench.loads import Loads, Request
from bench.rows import PERSON, PURPOSE, REST
from bench.servers import Bench
from bench.bodies import FOLDER, ROOT, write_bodies

# Albese con Cassano, which borrows the people of Como.
ENTE, BELFIORE, RESIDENT = "013004", "A153", "RSSMRA80A01C933H"
ADDED = """
[night]
folder = "{folder}/notturni"

[[ente]]
codice_istat = "{ente}"
codice_belfiore = "{belfiore}"
codice_ipa = "c_a153"
denominazione = "Albese con Cassano"
servizi.anagrafe.instance = "albese"

[[instance]]
name = "albese"
adapter = "tracciato-anagrafe"
address = "folder:{folder}/deposito"
[instance.night]
times = [{times}]
retry = "1s"
settle = "0s"
fresh = "30d"
oldest = "30d"
"""
SLICE = 1.0
# A night that takes longer is a failure.
LONGEST = 25


def every_minute():
    return ", ".join(f'"{hour}:{minute:02}"' for hour in range(24) for minute in range(60))


class Nights:
    """Delivers files, each later than the one before, and knows when one is in force."""

    def __init__(self, server, simulators, crowd):
        self.folder = server.folder
        self.simulators = simulators
        self.crowd = crowd

    def write(self, date, number):
        """Writes the files of a night beside the folder in which they are looked for."""
        aside = self.folder / "aside"
        aside.mkdir(exist_ok=True)
        command = [self.simulators, "night-files", "--ente", BELFIORE, "--folder", aside, "--date", date.isoformat(), "--crowd", str(self.crowd + number)]
        subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
        # What the sender writes is no part of what is measured.
        os.sync()

    def deliver(self):
        for file in (self.folder / "aside").iterdir():
            file.rename(self.folder / "deposito" / file.name)

    def latest(self):
        """When the last file was looked at, and when the copy made of it was in force, in seconds since 1970; none yet: `None`."""
        log = self.folder / "pontile.log"
        lines = [line for line in log.read_text().splitlines() if "copia notturna in vigore" in line or "file notturno rifiutato" in line]
        if not lines:
            return None
        if "rifiutato" in lines[-1]:
            raise SystemExit(f"the night was not taken: {lines[-1]}")
        told = json.loads(lines[-1])
        [report] = sorted((self.folder / "notturni").glob("*/*/rapporti/*"))[-1:]
        return instant(json.loads(report.read_text())["esaminato_il"]), instant(told["timestamp"])


def instant(text):
    return datetime.datetime.fromisoformat(text).timestamp()


def measured_night(nights, clients, loads, options, before):
    """Slices as (begin, end, what a client saw), and when the reading began and ended."""
    minute = next_minute(options.quiet + 3)
    begin = minute - options.quiet
    count = int((options.quiet + LONGEST) / SLICE)
    extra = ["--mode", "open", "--rate", str(options.rate), "--connections", "32", "--start-at", str(begin), "--slices", str(count), "--slice", str(SLICE)]
    running = [loads.start(server, request, extra) for server, request in clients]
    time.sleep(max(0, minute - 2 - time.time()))
    nights.deliver()
    seen = [[json.loads(line) for line in client.communicate()[0].splitlines()] for client in running]
    told = nights.latest()
    if told is None or told == before:
        raise SystemExit("the night was not taken in time")
    slices = [[(begin + number * SLICE, begin + (number + 1) * SLICE, one) for number, one in enumerate(client)] for client in seen]
    return slices, told


def next_minute(ahead):
    return (int(time.time() + ahead) // 60 + 1) * 60


def p99s(slices, keep):
    return [one["p99_us"] / 1000 for begin, end, one in slices if keep(begin, end)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nights", type=int, default=5)
    parser.add_argument("--rate", type=float, default=500.0, help="questions a second of each of the two clients")
    parser.add_argument("--crowd", type=int, default=200_000)
    parser.add_argument("--quiet", type=int, default=10, help="seconds before each night")
    parser.add_argument("--profile", default="dist")
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    certificates = FOLDER / "certificates"
    subprocess.run([ROOT / "certs" / "make.sh", certificates], check=True)
    many, _ = write_bodies()
    one = FOLDER / "one.jsonl"
    one.write_text(f'{{"codice_fiscale":"{RESIDENT}"}}\n')
    programs = ROOT / "target" / options.profile
    bench = Bench(FOLDER, certificates, ROOT / "target/release/load", ROOT / "target/release/back-end")
    try:
        report(bench, programs, many, one, options)
    finally:
        bench.stop()


def report(bench, programs, many, one, options):
    folder = bench.folder / "pontile-night"
    added = ADDED.format(folder=folder, ente=ENTE, belfiore=BELFIORE, times=every_minute())
    server = bench.pontile(programs / "pontile", "pontile-night", added=added)
    nights, loads = Nights(server, programs / "simulators", options.crowd), Loads(bench)
    today = datetime.date.today()
    nights.write(today - datetime.timedelta(days=options.nights), 0)
    (folder / "deposito").mkdir(exist_ok=True)
    nights.deliver()
    told = None
    until = time.monotonic() + 120
    while told is None and time.monotonic() < until:
        time.sleep(1)
        told = nights.latest()
    clients = [
        (server, Request(PERSON.format(REST), "POST", many, [PURPOSE])),
        (server, Request(PERSON.format(ENTE), "POST", one, [PURPOSE])),
    ]
    took, refused = [], 0
    seen = {what: ([], []) for what in ("live", "night copy")}
    for number in range(1, options.nights + 1):
        nights.write(today - datetime.timedelta(days=options.nights - number), number)
        slices, told = measured_night(nights, clients, loads, options, told)
        began, ended = told
        took.append(ended - began)
        print(f"night {number}: read and in force in {took[-1]:.1f} s", file=sys.stderr)
        for (what, (quiet, busy)), of_client in zip(seen.items(), slices, strict=True):
            refused += sum(one["refused"] + one["errors"] for _, _, one in of_client)
            before = p99s(of_client, lambda begin, end: end <= began)
            meanwhile = p99s(of_client, lambda begin, end: begin < ended and end > began)
            print(f"  {what}: p99 {told_of(before)} before, {told_of(meanwhile)} meanwhile", file=sys.stderr)
            quiet += before
            busy += meanwhile
    print(
        f"{options.nights} nights of {options.crowd} persons, {2 * options.rate:g} questions a second: in force after {statistics.median(took):.1f} s "
        f"(at most {max(took):.1f}); {refused} refused or broken; p99 by slices of {SLICE:g} s:"
    )
    for what, (quiet, busy) in seen.items():
        ratio = statistics.median(busy) / statistics.median(quiet)
        print(f"  {what}: {told_of(quiet)} before, {told_of(busy)} meanwhile: {ratio:.2f} ×")


def told_of(values):
    return f"{statistics.median(values):.2f} ms ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
