#!/usr/bin/env python3
"""Times one question to all municipalities of Como, each answering after 100 ms.

    make run            (in another terminal; PROFILE=release for the optimised build)
    benches/fan_out.py [--port 8443] [--control 18100] [--questions 10]

Prints the time of each question over one connection, the median, and the outcomes of the last one. The simulators are told to wait
100 ms before every answer, and are left as they were before. Answers do not come from the cache.
"""

import argparse
import collections
import datetime
import http.client
import json
import pathlib
import ssl
import statistics
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PKI = HERE.parent / "certs" / "dev"
DIALECTS = ["d1", "d2", "d3", "d4", "d4b", "d5", "d6", "d7"]


def control(port: int, method: str, fault: dict | None = None) -> None:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/control/faults", method=method)
    request.add_header("Content-Type", "application/json")
    urllib.request.urlopen(request, json.dumps(fault).encode() if fault else None).read()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--port", type=int, default=8443)
    arguments.add_argument("--control", type=int, default=18100)
    arguments.add_argument("--questions", type=int, default=10)
    arguments = arguments.parse_args()
    context = ssl.create_default_context(cafile=PKI / "root.pem")
    context.load_cert_chain(PKI / "portale-uno.pem", PKI / "portale-uno.key")
    connection = http.client.HTTPSConnection("localhost", arguments.port, context=context)
    question = json.dumps({"codice_fiscale": "RSSMRA80A01C933H", "tributo": "IMU", "anno": datetime.date.today().year})
    headers = {"Content-Type": "application/json", "Purpose-Id": "riscossione", "Cache-Control": "no-cache"}
    for dialect in DIALECTS:
        control(arguments.control, "POST", {"dialect": dialect, "fault": "slow", "ms": 100})
    times = []
    try:
        for number in range(arguments.questions + 1):
            began = time.monotonic()
            connection.request("POST", "/rest/tributi/v1/ricerche-posizione", question, headers)
            answer = connection.getresponse()
            body = json.loads(answer.read())
            took = (time.monotonic() - began) * 1000
            if answer.status != 200:
                raise SystemExit(f"{answer.status}: {body}")
            # The first one opens the connections to the back ends.
            print(f"{'first' if number == 0 else number}: {took:.0f} ms, {body['riepilogo']}")
            if number:
                times.append(took)
            # The portal's rate lets 50 enti through a second.
            time.sleep(3.2)
    finally:
        control(arguments.control, "DELETE")
    print(f"median {statistics.median(times):.0f} ms, range {min(times):.0f} to {max(times):.0f}")
    print(collections.Counter(one["problema"]["title"] for one in body["esiti"] if "problema" in one))


if __name__ == "__main__":
    main()
