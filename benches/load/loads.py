"""The loads: wrk and h2load, always with a bound in time, and what they say."""

import json
import pathlib
import re
import statistics
import sys

import rig

# What a browser sends: every proxy has to read it, and linkgate has to judge it.
HEADERS = {
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "de-DE,de;q=0.9",
}
PAGE = "/reports/42?tab=x"
MANY_COOKIES = "theme=dark; linkgate-session={session}; _ga=GA1.1.1043279842.1700000000"


def measured(pid, load):
    """Runs a load and adds what it cost the proxy, in microseconds of processor for a request."""
    before = rig.cpu(pid)
    figures = load()
    return {**figures, "cpu": (rig.cpu(pid) - before) / max(figures["requests"], 1) * 1e6}


def headers(proxy, names_host=True):
    """What is sent to a proxy. h2load has the host from the URL."""
    sent = {**HEADERS, "Cookie": proxy.get("cookie", "")}
    if names_host and "host" in proxy:
        sent["Host"] = proxy["host"]
    return [part for name, value in sent.items() for part in ("-H", f"{name}: {value}")]


def wrk(proxy, seconds, path=PAGE, connections=64):
    """HTTP/1.1 with keep-alive, one cookie."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    command += [*headers(proxy), f"http://127.0.0.1:{proxy['port']}{path}"]
    return measured(proxy["pid"], lambda: read_wrk(rig.on_load_core(command, seconds)))


def many(binary, proxy, seconds, tokens, start=None, connections=64, path=PAGE):
    """The same with the sessions of a file: any of them at random, or one after the other from the
    one numbered `start` on."""
    order = "random" if start is None else str(start)
    fields = {**HEADERS, "Host": proxy["host"], "Cookie": MANY_COOKIES}
    command = [binary, proxy["port"], path, seconds, connections, tokens, order]
    command += [f"{name}: {value}" for name, value in fields.items()]
    return measured(proxy["pid"], lambda: json.loads(rig.on_load_core(command, seconds)))


def read_wrk(text):
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"not all answers were good:\n{text}")
    return {
        "requests": int(re.search(r"(\d+) requests in", text)[1]),
        "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
        "p99": milliseconds(re.search(r"99%\s+([\d.]+)(us|ms|s|m)", text)),
    }


def milliseconds(found):
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[found[2]]


def h2load(proxy, seconds, folder, protocol, clients=16, streams=4, rate=0, first=False):
    """HTTP/2, or HTTP/1.1 over TLS. As many requests are under way as with wrk. With `rate`, each
    client sends so many a second, whatever it gets back; `first` as in rig.on_load_core."""
    log = pathlib.Path(folder) / "h2load.log"
    log.unlink(missing_ok=True)
    if protocol.endswith("HTTP/1.1"):
        clients, streams = clients * streams, 1
    command = ["h2load", "-t1", f"-c{clients}", f"-m{streams}", f"-D{seconds}", f"--log-file={log}"]
    command += ["--h1"] if protocol.endswith("HTTP/1.1") else []
    command += [f"--rps={rate}"] if rate else []
    scheme = "https" if protocol.startswith("TLS") else "http"
    command += [f"--connect-to=127.0.0.1:{proxy['port']}", *headers(proxy, names_host=False)]
    command.append(f"{scheme}://{proxy.get('host', '127.0.0.1')}{PAGE}")
    return measured(proxy["pid"], lambda: read_h2load(rig.on_load_core(command, seconds, first), log, seconds))


def read_h2load(text, log, seconds):
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    bad = sum(1 for row in rows if row[1] != "200")
    if bad or not rows:
        sys.exit(f"not all answers were good ({bad} of {len(rows)}):\n{text}")
    took = sorted(int(row[2]) / 1000 for row in rows)
    return {
        "requests": len(rows),
        "rps": len(rows) / seconds,
        "p99": took[int(len(took) * 0.99)],
        "p50": statistics.median(took),
    }
