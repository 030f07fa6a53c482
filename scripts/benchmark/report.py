"""What was measured, as tables in Markdown."""

import latency
from bars import middle

CPU = "| | CPU µs/message | ratio | peak MB | messages/s |\n|---|---|---|---|---|"
AGES = "| | p50 ms | p99 ms | p99.9 ms |\n|---|---|---|---|"
OUTAGES = (
    "| away | backlog | live | of the backlog, all told | ratio | its delivery alone | delivered/s | MB, early | late | peak |\n"
    "|---|---|---|---|---|---|---|---|---|---|"
)
BARS = "| row of DESIGN.md section 9 | bar | measured | met |\n|---|---|---|---|"


def cell(name):
    return name.replace("|", "\\|")


def cpu(results):
    lines = [CPU]
    ours = middle(next(iter(results.values())), "cpu")
    for name, rounds in results.items():
        spread = [one.cpu for one in rounds]
        median, peak, rate = (middle(rounds, what) for what in ["cpu", "peak", "rate"])
        lines.append(
            f"| {cell(name)} | {median:.1f} ({min(spread):.1f}–{max(spread):.1f}) | {median / ours:.2f}"
            f" | {peak:.0f} | {rate:,.0f} |"
        )
    return "\n".join(lines)


def ages(results):
    """From a post's making to a consumer; of birdfeed also from receipt to confirmation."""
    lines = [AGES]
    for name, rounds in results.items():
        row(lines, name, latency.quantiles([age for one in rounds for age in one.ages]))
    for name, rounds in results.items():
        if rounds[0].confirmed:
            buckets = latency.added([one.confirmed for one in rounds])
            row(lines, f"{name}: received to confirmed", [latency.of_histogram(buckets, q) for q in latency.QUANTILES])
    return "\n".join(lines)


def row(lines, name, values):
    lines.append(f"| {cell(name)} | {' | '.join(f'{value:.1f}' for value in values)} |")


def outages(them):
    lines = [OUTAGES]
    for one in them:
        lines.append(
            f"| {one.seconds} s | {one.backlog:,} | {one.live:.1f} µs | {one.cost:.1f} µs | {one.cost / one.live:.2f}"
            f" | {one.catching_up:.1f} µs | {one.rate:,.0f} | {one.early:.0f} | {one.late:.0f} | {one.peak:.0f} |"
        )
    return "\n".join(lines)


def growth(cases):
    lines = [CPU]
    base = cases[0][1].cpu
    for name, one in cases:
        lines.append(f"| {name} | {one.cpu:.1f} | {one.cpu / base:.2f} | {one.peak:.0f} | {one.rate:,.0f} |")
    return "\n".join(lines)


def bars(them):
    lines = [BARS]
    for one in them:
        lines.append(f"| {one.row} | {one.bar} | {one.measured} | {'yes' if one.met else '**no**'} |")
    return "\n".join(lines)
