"""Writes what was measured: one page of tables, the plots, and every figure as JSON."""

import json

import paired
import plot

NAMES = {"linkgate": "linkgate", "bare": "bare Pingora", "bare+mimalloc": "bare Pingora, mimalloc",
         "bare+mimalloc+no-stealing": "… and no work stealing"}
RANGE = "Thin lines: the least to the most of the rounds."


def write(results, folder):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(rounded(results), indent=1) + "\n")
    machine, parts = results["machine"], results["parts"]
    text = ["# What was measured", "", *head(results), ""]
    for name, section in SECTIONS.items():
        if name not in parts:
            continue
        text += [f"## {section.__doc__.strip()}", ""]
        if error := parts[name].get("failed"):
            text += [f"Not measured: {error}", ""]
            continue
        text += [*section(parts[name], folder, machine), ""]
        left_out = parts[name].get("left_out", {})
        if left_out:
            text += [*(f"Left out: {what} ({why})." for what, why in left_out.items()), ""]
    (folder / "README.md").write_text("\n".join(text).rstrip() + "\n")


def rounded(value):
    """Four digits of every number: more of them are noise."""
    if isinstance(value, dict):
        return {key: rounded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.4g}") if isinstance(value, float) else value


def head(results):
    machine = results["machine"]
    yield f"{results['date']}. {machine['processor']}, {machine['cores']} cores, {machine['system']}."
    yield "Pingora {pingora}, {rustc}; {versions}.".format(
        pingora=machine["pingora"], rustc=machine["rustc"], versions=", ".join(machine["versions"])
    )
    yield ""
    if results["short"]:
        yield "**A short run, to see that everything works. Its figures mean nothing.**"
        yield ""
    yield "The proxy has one core, everything else the other. `make bench` makes this page anew;"
    yield "[docs/measuring.md](../../docs/measuring.md) says how each figure comes about."
    yield f"Medians of {results['rounds']} rounds; in brackets the least and the most."


def rows_of(table, first="linkgate"):
    """A table of proxies: what each does, and what the first one is of it."""
    yield f"| | requests/s | p99 ms | CPU µs | {first} ÷ it: requests/s | p99 | CPU |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in table.items():
        own = f"| {NAMES.get(name, name)} | {row['rps']:.0f} | {row['p99']:.2f} | {row['cpu']:.1f} |"
        if name == first:
            yield own + " | | |"
        else:
            yield own + "".join(f" {paired.shown(row[key])} |" for key in ("rps_of", "p99_of", "cpu_of"))


def requests(part, folder, _):
    """A signed-in request"""
    table = part["table"]
    rows = [(NAMES.get(name, name), value, name == "linkgate")
            for name, value in part["cpu_to_bare"].items()]
    plot.bars(folder / "requests.svg", "Processor time for a signed-in request, HTTP/1.1",
              "of bare Pingora's (less is better)", rows,
              "The proxy's own: what Redis or a second server spends for it is not in it. " + RANGE)
    yield "![Processor time for a request, beside others](requests.svg)"
    yield ""
    yield "HTTP/1.1 with keep-alive, 64 connections, an application that answers 1 KiB. CPU is the proxy's own"
    yield "processor time for a request."
    yield ""
    yield from rows_of(table)
    yield ""
    busy = ", ".join(f"{NAMES.get(name, name)} {value:.0%}" for name, value in part["busy"].items())
    yield f"So much of its core each had: {busy}."
    yield "Where that is far from 100 %, the other core sets the requests a second, and CPU tells more."


def protocols(part, folder, _):
    """HTTP/2 and TLS"""
    rows = [
        (f"{protocol}: {NAMES.get(name, name)}", row["rps_of"], name == "nginx")
        for protocol, table in part["protocols"].items()
        for name, row in table.items() if name != "linkgate"
    ]
    if rows:
        plot.bars(folder / "protocols.svg", "linkgate ÷ others, requests/s",
                  "linkgate ÷ it (1 is as fast; more is better)",
                  [(name, value, not is_nginx) for name, value, is_nginx in rows], RANGE)
        yield "![Requests a second, linkgate beside others, by protocol](protocols.svg)"
        yield ""
    yield "64 requests under way: 16 connections of HTTP/2 with 4 streams each, or 64 of HTTP/1.1."
    for protocol, table in part["protocols"].items():
        yield ""
        yield f"### {protocol}"
        yield ""
        yield from rows_of(table)


def flatness(part, folder, _):
    """Many sessions, many rules"""
    if not part.get("stores"):
        return
    series = {
        store: [(int(count), value["median"]) for count, value in found["to_smallest"].items()]
        for store, found in part["stores"].items()
    }
    plot.lines(folder / "sessions.svg", "Requests/s with many sessions, each request another one",
               "live sessions, all of them kept in memory", "of the rate with the fewest",
               series, "1 is as fast as with the fewest sessions.", 1.2)
    yield "![Requests a second by the number of sessions](sessions.svg)"
    yield ""
    yield "| store | sessions | of the rate with the fewest | bare Pingora, same cookies | first use of each, requests/s |"
    yield "|---|---|---|---|---|"
    for store, found in part["stores"].items():
        for count, value in found["to_smallest"].items():
            first = found["first_use"][count]
            bare = paired.shown(found["bare_to_smallest"][count])
            yield f"| {store} | {int(count):,} | {paired.shown(value)} | {bare} | {first:.0f} |"
    yield ""
    yield from memory(part["stores"])
    kept = part["kept"]
    yield ""
    yield f"A session that is kept takes {kept['bytes']:.0f} bytes. Its texts (address, origin, browser) have"
    yield f"{kept['texts']:.0f}, of which {kept['own']:.0f} are its own and the others are shared. The rest of a node's memory is its person, and what its application"
    yield "is told, with the signed statement."
    touched = part["touches"]
    yield ""
    micros = [one["statement"] for one in part["stores"].values() if one.get("statement")]
    if micros:
        yield "To sign the statement anew, every two and a half minutes for each session in use, takes"
        yield f"{' and '.join(paired.shown(one, 0) for one in micros)} µs of processor time."
    for store, found in part["stores"].items():
        if found["age"] > part["reused"]:
            yield f"With {store} it took {found['age']:.0f} s until all was measured: some signed within the rounds."
    yield ""
    yield "A first use that also moves the session forward (once a minute, embedded) is served at"
    yield f"{paired.shown(touched['ratio'])} of the rate of one that does not, p99 {paired.shown(touched['p99_ratio'])}."
    yield ""
    fewest = next(iter(part["rules"]["to_fewest"]))
    for count, value in list(part["rules"]["to_fewest"].items())[1:]:
        yield f"With {int(count):,} rules instead of {fewest}: {paired.shown(value)} of the requests/s."


def memory(stores):
    yield "| bytes for each session | embedded | Redis |"
    yield "|---|---|---|"
    most = list(stores["embedded"]["cached_bytes"])[-1]
    words = {"cached_bytes": "in a node's memory", "stored_bytes": "in the store, with the mark of its used link"}
    for key, label in words.items():
        cells = " | ".join(f"{stores[store][key][most]:.0f}" for store in ("embedded", "redis"))
        yield f"| {label} ({int(most):,} sessions) | {cells} |"
    yield f"| … of that the mark | | {stores['redis']['mark_bytes']:.0f} |"
    cells = " | ".join(f"{stores[store]['rss'][most] / 2**20:.0f} MiB" for store in ("embedded", "redis"))
    yield f"| the whole process then holds | {cells} |"


def connections(part, folder, _):
    """Connections that do nothing"""
    rows, kinds = [], part["kinds"]
    for kind, found in kinds.items():
        for name, value in found.items():
            size = value["bytes"] / 1024
            flat = {"median": size, "least": size, "most": size}
            rows.append((f"{kind}: {NAMES[name]}", flat, name == "linkgate"))
    plot.bars(folder / "connections.svg", f"Memory for each of {part['count']:,} idle connections",
              "KiB of resident memory (less is better)", rows)
    yield "![Memory for an idle connection](connections.svg)"
    yield ""
    yield f"| {part['count']:,} of them | KiB each | whole process, MiB | of a core while they are idle |"
    yield "|---|---|---|---|"
    for kind, found in kinds.items():
        for name, value in found.items():
            sizes = f"{value['bytes'] / 1024:.1f} | {value['rss'] / 2**20:.0f}"
            yield f"| {kind}, {NAMES[name]} | {sizes} | {value['core_while_idle']:.1%} |"


def sign_ins(part, folder, _):
    """Sign-ins"""
    rates = part["rates"]
    found = rates["a_second"]
    words = {"embedded": "embedded", "disk": "… durable writes of that disk", "redis": "Redis",
             "redis floor": "… its calls, by redis-benchmark",
             "use cases": "Redis, issued and verified alone",
             "use cases floor": "… its calls, by redis-benchmark"}
    plot.bars(folder / "sign-ins.svg", f"Sign-ins a second, {rates['clients']} people at a time",
              "a second (more is better)",
              [(word, found[name], name in ("embedded", "redis", "use cases")) for name, word in words.items()],
              RANGE)
    yield "![Sign-ins a second](sign-ins.svg)"
    yield ""
    yield "| | a second | linkgate's core | the people's | form, p50 / p99 ms | mail | link |"
    yield "|---|---|---|---|---|---|---|"
    for name, word in words.items():
        row = f"| {word} | {paired.shown(found[name], 0)} |"
        if name in rates["detail"]:
            one = rates["detail"][name]
            times = (f" {one[step]['p50']:.0f} / {one[step]['p99']:.0f} |"
                     for step in ("ask_ms", "mail_ms", "click_ms"))
            row += f" {one['core']:.0%} | {one['storm_core']:.0%} |" + "".join(times)
        else:
            row += " | | | | |"
        yield row
    yield ""
    for what, calls, ratio in (("a sign-in", "calls", "redis_to_floor"),
                               ("issue and verify alone, without HTTP and mails", "use_cases_calls",
                                "use_cases_to_floor")):
        told = ", ".join(f"{kind} {one['for_a_sign_in']:.2f}" for kind, one in rates[calls].items())
        yield f"Calls to Redis for {what}: {told}. linkgate ÷ that floor: {paired.shown(rates[ratio])}."
        yield ""
    yield f"Embedded: {paired.shown(rates['embedded_to_disk'])} sign-ins for each durable write that the disk can do."
    yield ""
    yield "| a signed-in request meanwhile | p99 in quiet, ms | in the storm, ms | ratio | p50 ratio |"
    yield "|---|---|---|---|---|"
    for store, one in part["while_storm"].items():
        cells = (paired.shown(one[key]) for key in ("quiet_p99", "storm_p99", "ratio", "p50_ratio"))
        yield f"| {store}, {one['rate']} requests/s | " + " | ".join(cells) + " |"
    if not part["measures_first"]:
        yield ""
        yield "The load was not allowed to run before the storm on their core: what it waited for is in these times."


def revocation(part, folder, _):
    """A session that was ended"""
    times = part["times_ms"]
    points = [(max(time, 0.01), number / (len(times) - 1)) for number, time in enumerate(times)]
    plot.lines(folder / "revocation.svg", "Until another node refuses a session that was ended",
               "milliseconds since the end was acknowledged", "part of the trials",
               {"refused": points},
               "Three nodes over one Redis; the time of the refused request is in it.", 1.0)
    yield "![Time until an ended session is refused](revocation.svg)"
    yield ""
    yield "| until the others refuse | ms |"
    yield "|---|---|"
    for name, value in part["percentiles"].items():
        yield f"| {name} | {value:.2f} |"
    yield ""
    yield f"Let through after the end was acknowledged: {part['still']} of {part['asked']} requests."


SECTIONS = {
    "requests": requests,
    "protocols": protocols,
    "flatness": flatness,
    "connections": connections,
    "sign-ins": sign_ins,
    "revocation": revocation,
}
