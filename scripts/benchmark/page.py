"""The page: what a run found stands between two marks, what people wrote around them is left alone."""

import datetime
import os
import pathlib

import bars
import latency
import plots
import report

BEGIN, END = "<!-- scripts/bench writes from here -->", "<!-- to here -->"
TITLES = {
    "paced": "Kafka, 250 messages/s",
    "flat_out": "Kafka, flat out",
    "rabbitmq_paced": "RabbitMQ, 250 messages/s",
    "rabbitmq_flat_out": "RabbitMQ, flat out",
}


def render(results, told):
    """Markdown of the whole run, and its plots: {file name: SVG}."""
    parts, pictures = [f"Run of {datetime.date.today():%-d %B %Y}, {os.cpu_count()} cores; {told}."], {}

    def picture(name, svg):
        pictures[f"{name}.svg"] = svg
        parts.append(f"![{name.replace('_', ' ')}](benchmarks/{name}.svg)")

    for key, title in TITLES.items():
        if not (found := results.get(key)):
            continue
        parts += [f"## {title}", report.cpu(found)]
        times = [(name, [bars.middle(rounds, "cpu")]) for name, rounds in found.items()]
        ours = times[0][1][0]
        ratios = [(name, [value / ours]) for name, (value,) in times]
        picture(f"{key}_cpu", plots.bars(f"CPU per message, birdfeed = 1: {title}", ratios, ["CPU"], "×"))
        if next(iter(found.values()))[0].ages:
            parts += ["From a post's making to a consumer:", report.ages(found)]
            aged = [(name, latency.quantiles([age for one in rounds for age in one.ages])) for name, rounds in found.items()]
            picture(f"{key}_latency", plots.bars(f"Latency: {title}", aged, ["p50", "p99", "p99.9"], "ms"))
    if found := results.get("outages"):
        parts += [f"## Kafka away, {found[0].live_rate:,} messages/s", report.outages(found)]
    if found := results.get("growth"):
        parts += ["## Growth: flat out into Kafka", report.growth(found)]
    parts += ["## The bars", report.bars(bars.of(results))]
    return "\n\n".join(parts), pictures


def write(path, text, pictures):
    path = pathlib.Path(path)
    before, _, rest = path.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{path} has no lines {BEGIN} and {END}")
    folder = path.parent / "benchmarks"
    folder.mkdir(exist_ok=True)
    for name, svg in pictures.items():
        (folder / name).write_text(svg)
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
