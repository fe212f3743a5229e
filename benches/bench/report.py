"""Results, and the table that shows them."""

import statistics
from dataclasses import dataclass, field


@dataclass
class Result:
    """One row."""

    label: str
    goal: float | None
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = "×"
    note: str = ""
    more_is_better: bool = False
    invalid: list[str] = field(default_factory=list)
    resumed: bool = False

    @classmethod
    def of_value(cls, label, value, goal, unit, note):
        return cls(label, goal, value, unit=unit, note=note)

    @classmethod
    def of_corun(cls, label, goal, slices):
        """Slices are pairs: what happened at the base, and at the variant in the same time."""
        ratios, base_us, variant_us, busy, client_busy = [], [], [], [], []
        invalid = set()
        for pair in slices:
            for name, one in zip(("base", "variant"), pair, strict=True):
                for bad in ("refused", "errors"):
                    if one[bad]:
                        invalid.add(f"{bad} at the {name}")
                if not one["answers"] or not one["server_cpu_ns"]:
                    invalid.add(f"nothing measured at the {name}")
            if any(not one["answers"] or not one["server_cpu_ns"] for one in pair):
                continue
            base, variant = (one["server_cpu_ns"] / one["answers"] / 1000 for one in pair)
            base_us.append(base)
            variant_us.append(variant)
            ratios.append(variant / base)
            busy.append(sum(one["server_cpu_ns"] for one in pair) / 1e9 / pair[0]["seconds"])
            client_busy.append(sum(one["client_cpu_ns"] for one in pair) / 1e9 / pair[0]["seconds"])
        if not ratios:
            return cls(label, goal, float("nan"), invalid=sorted(invalid))
        base_rate, variant_rate = (statistics.median(pair[side]["answers"] / pair[side]["seconds"] for pair in slices) for side in (0, 1))
        note = (
            f"{statistics.median(variant_us):.0f} ÷ {statistics.median(base_us):.0f} µs; {variant_rate:.0f} and {base_rate:.0f} per s at once; "
            f"servers' core {statistics.median(busy):.0%}, clients {statistics.median(client_busy):.0%} busy; "
            f"answers {slices[-1][1]['bytes']} and {slices[-1][0]['bytes']} B"
        )
        result = cls(label, goal, statistics.median(ratios), min(ratios), max(ratios), note=note, invalid=sorted(invalid))
        result.resumed = all(one["resumed"] >= one["answers"] * 0.99 for pair in slices for one in pair)
        return result

    @classmethod
    def of_latencies(cls, measured, rate, saturated):
        """Slices of each server, in turn."""
        results = []
        conditions = f"{rate:.0f} requests per s, 64 connections; saturated alone: nginx {saturated[0]:.0f}, pontile {saturated[1]:.0f} per s"
        for quantile, goal in (("p50_us", 3.0), ("p99_us", None)):
            base, variant = ([one[quantile] / 1000 for one in measured[name]] for name in ("nginx", "pontile"))
            over = [one - other for one, other in zip(variant, base, strict=True)]
            note = f"{statistics.median(variant):.2f} and {statistics.median(base):.2f} ms; {conditions}"
            label = f"{quantile[:3]} at half load, over nginx's"
            results.append(cls(label, goal, statistics.median(over), min(over), max(over), "ms", note))
        return results

    def as_rate(self, must_resume):
        """Handshakes are told per processor second: the reciprocal."""
        if must_resume and not self.resumed:
            self.invalid.append("sessions were not resumed")
        self.value, self.low, self.high = 1 / self.value, 1 / self.high, 1 / self.low
        self.more_is_better = True
        return self

    def met(self):
        if self.goal is None:
            return "–"
        if self.invalid:
            return "invalid"
        good = self.value >= self.goal if self.more_is_better else self.value <= self.goal
        return "yes" if good else "**no**"

    def row(self):
        digits = 2 if self.unit in ("×", "ms", "s") else 0
        space = "" if self.unit == "×" else " "
        value = f"{self.value:.{digits}f}{space}{self.unit}"
        if self.low is not None:
            value += f" ({self.low:.{digits}f}–{self.high:.{digits}f})"
        goal = "–"
        if self.goal is not None:
            goal = f"{'≥' if self.more_is_better else '≤'} {self.goal:g}{space}{self.unit}"
        note = "; ".join([*self.invalid, self.note])
        return f"| {self.label} | {value} | {goal} | {self.met()} | {note} |"


def table(results, description, options):
    on, versions = description
    head = [
        f"`make bench`: {options.slices} slices of {options.seconds:g} s, profile `{options.profile}`. Machine: {on}. Versions: {versions}.",
        "",
        "| what | measured: median (range) | goal | met | |",
        "|---|---|---|---|---|",
    ]
    return "\n".join(head + [result.row() for result in results]) + "\n"
