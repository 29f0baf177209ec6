"""The scheduler: decisions in memory against a loop over objects, how they grow with the fleet, and durable claims.

    make bench BENCH=scheduler [JSON=1]

All figures of one run are made side by side; only their ratios say something on a busy machine.
"""

from bench import claims, report
from bench.decisions import BEST_FIT, KINDS, PACK, Kind, alone, beside

HOSTS = 10_000
FEW, MANY = 1_000, 100_000


def decisions(kind: Kind) -> tuple[list[report.Value], dict[str, report.Value]]:
    """Measure one kind of fleet; gives a column and facts."""
    packed, fit = beside(kind, HOSTS, PACK), beside(kind, HOSTS, BEST_FIT)
    few, many = alone(kind, FEW), alone(kind, MANY)
    column: list[report.Value] = [
        *(few, packed.fleet, many, many / few),
        *(fit.fleet, packed.loop / HOSTS, packed.ratio, fit.ratio),
    ]
    facts: dict[str, report.Value] = {
        f"ratio_{kind.name}_10k": round(packed.ratio, 1),
        f"ratio_{kind.name}_10k_best_fit": round(fit.ratio, 1),
        f"loop_us_a_host_{kind.name}": round(packed.loop / HOSTS, 3),
        f"p50_us_{kind.name}_1k": round(few, 1),
        f"p50_us_{kind.name}_10k": round(packed.fleet, 1),
        f"p50_us_{kind.name}_100k": round(many, 1),
    }
    return column, facts


ROWS = (
    "p50 of a decision, 1,000 hosts, µs",
    "10,000 hosts",
    "100,000 hosts",
    "100,000 hosts over 1,000",
    "10,000 hosts, by the loop's own score, µs",
    "the loop, µs a host",
    "times faster than the loop, 10,000 hosts",
    "times faster, by the loop's own score",
)


def main() -> None:
    """Measure and print."""
    measured = [decisions(kind) for kind in KINDS]
    rows = {name: [column[number] for column, _ in measured] for number, name in enumerate(ROWS)}
    facts = {name: value for _, found in measured for name, value in found.items()}
    report.show("Decisions in memory", [kind.name for kind in KINDS], rows, facts)
    durable, more = claims.table(claims.measure())
    report.show(f"Durable claims, {claims.HOSTS:,} hosts, PostgreSQL", ["simple"], durable, facts | more)


if __name__ == "__main__":
    main()
