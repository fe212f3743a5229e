"""The rows of the table, each a function from the measurement to results."""

import sys

from . import comuni, machine
from .loads import Request
from .postgres import Postgres
from .report import Result

PERSON = "/rest/anagrafe/v1/enti/{}/ricerche-persona"
REST, SOAP = "013095", "013041"
PURPOSE = "Purpose-Id: misura"
TINY = "/rest/catalogo/v1/status"


class Measurement:
    """What rows share: servers that stay up, and what to ask them."""

    def __init__(self, bench, loads, program, many, few, options):
        self.bench = bench
        self.loads = loads
        self.program = program
        self.many = many
        self.few = few
        self.options = options
        self.servers = {}

    def server(self, name):
        """Starts a server when it is first asked for."""
        if name not in self.servers:
            start = {
                "nginx": self.bench.nginx,
                "nginx again": lambda: self.bench.nginx("nginx-again"),
                "haproxy": self.bench.haproxy,
                "pontile": lambda: self.bench.pontile(self.program),
                "floor": lambda: self.bench.floor(ROOT / "target" / "dist" / "examples" / "floor"),
            }
            self.servers[name] = start[name]()
        return self.servers[name]

    def stop(self, name):
        if name in self.servers:
            self.bench.stop_one(self.servers.pop(name))

    def ask(self, ente):
        """A live question to the gateway: each person is asked about once, so the cache has no answer."""
        return Request(PERSON.format(ente), "POST", self.many, [PURPOSE])

    def ask_all(self, enti):
        """Live questions to so many enti in turn: those of the configuration that are asked over REST."""
        file = self.bench.folder / f"paths-{enti}.txt"
        file.write_text("".join(PERSON.format(istat) + "\n" for istat in [REST, *comuni.istat_codes(enti)]))
        return Request(PERSON.format(REST), "POST", self.many, [PURPOSE], file)

    def pass_on(self):
        """The same bytes through a peer, which passes them to the same back end."""
        return Request("/Demografici/Anagrafe/RicercaIndividui?v=1.0", "POST", self.many, [PURPOSE])

    def compare(self, label, goal, variant, question, base="nginx", base_question=None, extra=("--connections", "32"), warm_up=3):
        """A co-run: nginx and the variant at the same moment; ratio of processor time per answer."""
        pairs = [(self.server(base), base_question or self.pass_on()), (self.server(variant), question)]
        plan = (self.options.slices, self.options.seconds, warm_up)
        slices = list(zip(*self.loads.together(pairs, plan, [*extra]), strict=True))
        return Result.of_corun(label, goal, slices)


def live(measurement, label="REST in, REST out (live)", variant="pontile", goal=1.2):
    return [
        measurement.compare(f"{label}, {connections} connections", goal, variant, measurement.ask(REST), extra=["--connections", str(connections)])
        for connections in (32, 256)
    ]


def spread(measurement):
    result = measurement.compare("nginx against itself (the spread)", None, "nginx again", measurement.pass_on())
    measurement.stop("nginx again")
    return [result]


def haproxy(measurement):
    result = measurement.compare("HAProxy, passing", None, "haproxy", measurement.pass_on())
    measurement.stop("haproxy")
    return [result]


def cached(measurement):
    question = Request(PERSON.format(REST), "POST", measurement.few, [PURPOSE])
    base = Request("/cache", "POST", measurement.few, [PURPOSE])
    return [
        measurement.compare(f"cached, against proxy_cache, {connections} connections", 1.0, "pontile", question, base_question=base, extra=["--connections", str(connections)])
        for connections in (32, 256)
    ]


def before(measurement):
    """The same questions to another build: what a change costs, nothing else being different."""
    if not measurement.options.before:
        print("before: skipped, --before names no program", file=sys.stderr)
        return []
    name = "pontile before"
    measurement.servers[name] = measurement.bench.pontile(measurement.options.before, "pontile-before")
    cached = Request(PERSON.format(REST), "POST", measurement.few, [PURPOSE])
    results = [
        measurement.compare(f"{label}, against the build before, {connections} connections", goal, "pontile", question, name, question, ["--connections", str(connections)])
        for label, goal, question in (("cached", 1.1, cached), ("live", None, measurement.ask(REST)))
        for connections in (32, 256)
    ]
    measurement.stop(name)
    return results


def floor_live(measurement):
    """A bare loop with the product's record, passing: what no gateway with this record can be below."""
    return [
        measurement.compare(f"floor: a bare loop with the record, passing, {connections} connections", None, "floor", measurement.pass_on(), extra=["--connections", str(connections)])
        for connections in (32, 256)
    ]


def floor_cached(measurement):
    question = Request("/cache", "POST", measurement.few, [PURPOSE])
    return [
        measurement.compare(f"floor: the same, from memory, against proxy_cache, {connections} connections", None, "floor", question, base_question=question, extra=["--connections", str(connections)])
        for connections in (32, 256)
    ]


def soap(measurement):
    return [measurement.compare("JSON in, SOAP out, against a JSON pass", 1.7, "pontile", measurement.ask(SOAP))]


def postgres(measurement):
    database = Postgres.start()
    if not database:
        print("postgres: skipped, there is no PostgreSQL on this machine", file=sys.stderr)
        return []
    try:
        server = measurement.bench.pontile(measurement.program, "pontile-postgres", database.address)
        measurement.servers["pontile on PostgreSQL"] = server
        # The servers of the database are not counted: they are another machine's in operation.
        results = live(measurement, f"live, record in {database.version().split(' (')[0]}", "pontile on PostgreSQL", None)
        measurement.stop("pontile on PostgreSQL")
        return results
    finally:
        database.stop()


def enti(measurement):
    """The same questions to gateways that differ only in how many enti they have: from the cache, live, and live to all of them in turn."""
    few, *more = 3, 147, 7_900
    results = []
    cached_question = Request(PERSON.format(REST), "POST", measurement.few, [PURPOSE])
    # The last one is no goal: each of so many back ends has a log-in and connections of its own, which lie idle most of the time.
    kinds = {
        "cached": (1.05, lambda _: cached_question, 3),
        "live": (1.05, lambda _: measurement.ask(REST), 3),
        "live, all in turn": (None, measurement.ask_all, 12),
    }
    names = {count: f"pontile-{count}" for count in (few, *more)}
    for count, name in names.items():
        measurement.servers[name] = measurement.bench.pontile(measurement.program, name, enti=count)
        server = measurement.servers[name]
        goals = (1.0, 60) if count == 147 else (None, None)
        results.append(Result.of_value(f"{count} enti: ready after start", server.ready_seconds, goals[0], "s", "first answer over mutual TLS, empty record"))
        results.append(Result.of_value(f"{count} enti: RSS idle", machine.resident_mib(server.pid), goals[1], "MiB", "an instance for each ente, none asked yet"))
        if count == few:
            continue
        for kind, (goal, ask, warm_up) in kinds.items():
            label = f"{kind}, {count} enti against {few}"
            results.append(measurement.compare(label, goal, name, ask(count), base=names[few], base_question=ask(few), warm_up=warm_up))
        measurement.stop(name)
    measurement.stop(names[few])
    return results


def handshakes(measurement):
    results = []
    for label, goal, extra in (("full handshakes", 2.0, []), ("resumed handshakes", 2.5, ["--resume"])):
        result = measurement.compare(
            f"{label}, one tiny answer each",
            goal,
            "pontile",
            Request(TINY),
            base_question=Request("/tiny"),
            extra=["--mode", "handshakes", "--connections", "8", *extra],
        )
        results.append(result.as_rate(must_resume=bool(extra)))
    return results


def latency(measurement):
    """Half of what the slower one bears, the servers in turn."""
    pairs = [("nginx", measurement.pass_on()), ("pontile", measurement.ask(REST))]
    saturated = []
    for name, question in pairs:
        [slice_] = measurement.loads.alone(measurement.server(name), question, (1, 4, 2), ["--connections", "32"])
        saturated.append(slice_["answers"] / slice_["seconds"])
    rate = min(saturated) / 2
    measured = {name: [] for name, _ in pairs}
    for _ in range(measurement.options.slices):
        for name, question in pairs:
            extra = ["--mode", "open", "--rate", str(rate), "--connections", "64"]
            measured[name] += measurement.loads.alone(measurement.server(name), question, (1, 3, 2), extra)
    return Result.of_latencies(measured, rate, saturated)


def memory(measurement):
    results, connections = [], 5000
    figures = {}
    for name, question in (("nginx", Request("/tiny")), ("pontile", Request(TINY))):
        measurement.stop(name)
        server = measurement.server(name)
        idle = machine.resident_mib(server.pid)
        figures[name] = (idle, measurement.loads.held(server, question, connections), server.ready_seconds)
        measurement.stop(name)
    (base_idle, base_full, _), (idle, full, ready) = figures["nginx"], figures["pontile"]
    results.append(Result.of_value("RSS idle", idle, 30, "MiB", f"nginx {base_idle:.0f} MiB"))
    ratio = full / base_full
    results.append(Result.of_value(f"RSS at {connections} connections, ÷ nginx", ratio, 1.4, "×", f"{full:.0f} and {base_full:.0f} MiB"))
    results.append(Result.of_value("ready after start", ready, 1.0, "s", "first answer over mutual TLS, empty record"))
    return results


ALL = {
    "spread": spread,
    "haproxy": haproxy,
    "live": live,
    "cached": cached,
    "before": before,
    "floor-live": floor_live,
    "floor-cached": floor_cached,
    "soap": soap,
    "postgres": postgres,
    "enti": enti,
    "handshakes": handshakes,
    "latency": latency,
    "memory": memory,
}
