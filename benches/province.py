#!/usr/bin/env python3
"""Measures the whole province of Como as `make run` starts it: 147 municipalities, ten dialects.

    benches/province.py [--rows size,isolation,fan_out] [--profile dist] [--rate 100] [--seconds 20] [--questions 10]

It runs `make run` on ports of its own in this folder (so no other may run here) with rates that nobody reaches, and prints

  size       time from the start of the gateway to its first answer, and its memory before anybody asked
  isolation  questions to all 147 at a fixed rate, runs with thirty of them in bad weather between runs without: the
             percentiles of the other 117, and whether any of them was refused
  fan_out    one question to all 147, each call answered after 100 ms

Latency counts from the moment at which a question was due, so a late client is not a kind one.
"""

import argparse
import asyncio
import statistics
import time
from collections import Counter

from bench.como import Como
from bench.portal import Portal

WEATHER = ["hang", "drop", "garbage"]
SPOILT = 30
PAUSE = 16
# More than wait at once while thirty hang.
CONNECTIONS = 150
RUNS = "without with without with without".split()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def size(como, _):
    print(f"size: ready {como.ready_seconds:.2f} s after its start, RSS {como.resident_mib():.0f} MiB, {len(como.enti)} municipalities")


async def ask_all(como, spoilt, rate, seconds):
    """The latencies in ms of those that are not spoilt, the outcomes of these, and those of the spoilt."""
    portal, times, outcomes, spoilt_outcomes = Portal(como.port), [], Counter(), Counter()
    await portal.open(CONNECTIONS)

    async def ask(ente, due):
        status = await portal.ask(f"/rest/anagrafe/v1/enti/{ente.istat}/ricerche-persona", "iscrizione-asilo", {"codice_fiscale": ente.resident})
        if ente in spoilt:
            spoilt_outcomes[status] += 1
        else:
            outcomes[status] += 1
            # Who takes a request on and answers later is not what is timed.
            if status != 202:
                times.append((time.monotonic() - due) * 1000)

    began, asked = time.monotonic(), []
    for number in range(int(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0, due - time.monotonic()))
        asked.append(asyncio.create_task(ask(como.enti[number % len(como.enti)], due)))
    await asyncio.gather(*asked)
    portal.close()
    return times, outcomes, spoilt_outcomes


def isolation(como, options):
    spoilt = como.alone()[::3][:SPOILT]
    asyncio.run(ask_all(como, set(), options.rate, 5))
    p99s = {"with": [], "without": []}
    for weather in RUNS:
        if weather == "with":
            for number, ente in enumerate(spoilt):
                como.fault({"dialect": ente.dialect, "ente": ente.belfiore, "fault": WEATHER[number % len(WEATHER)]})
        times, outcomes, bad = asyncio.run(ask_all(como, set(spoilt), options.rate, options.seconds))
        como.clear_faults()
        p99s[weather].append(percentile(times, 0.99))
        halves = ", ".join(f"p{share * 100:g} {percentile(times, share):.1f} ms" for share in (0.5, 0.9, 0.99))
        print(f"{weather:>7}: {halves}; others {dict(outcomes)}, the thirty {dict(bad)}, RSS {como.resident_mib():.0f} MiB")
        # Breakers close again, and what hung has ended.
        time.sleep(PAUSE)
    ratio = statistics.median(p99s["with"]) / statistics.median(p99s["without"])
    spread = max(p99s["without"]) / min(p99s["without"])
    print(f"isolation: p99 of the others {ratio:.2f} × that without bad weather; runs without it differ by {spread:.2f} ×")


def fan_out(como, options):
    async def ask():
        portal, times = Portal(como.port), []
        question = {"codice_fiscale": "RSSMRA80A01C933H", "tributo": "IMU", "anno": time.gmtime().tm_year}
        # The first one opens the connections to the back ends.
        for number in range(options.questions + 1):
            began = time.monotonic()
            status, body = await portal.answer("/rest/tributi/v1/ricerche-posizione", "riscossione", question)
            times.append((time.monotonic() - began) * 1000)
            if status != 200:
                raise SystemExit(f"fan_out: {status} {body}")
        portal.close()
        return times[1:], body["riepilogo"]

    for dialect in sorted(como.dialects()):
        como.fault({"dialect": dialect, "fault": "slow", "ms": 100})
    times, summary = asyncio.run(ask())
    como.clear_faults()
    print(f"fan_out: median {statistics.median(times):.0f} ms, range {min(times):.0f} to {max(times):.0f}; the last one: {summary}")


ROWS = {"size": size, "isolation": isolation, "fan_out": fan_out}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default=",".join(ROWS), help="which rows, in this order")
    parser.add_argument("--profile", default="dist")
    parser.add_argument("--rate", type=float, default=100.0, help="questions a second, all municipalities together")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a run of the row isolation")
    parser.add_argument("--questions", type=int, default=10, help="questions of the row fan_out")
    options = parser.parse_args()
    with Como(options.profile) as como:
        for name in options.rows.split(","):
            ROWS[name](como, options)


if __name__ == "__main__":
    main()
