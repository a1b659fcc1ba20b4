"""Sign-ins a second, and what a storm of them does to those who are signed in.

The whole flow over HTTP: form, mail, link. Mails go to a folder in memory, the transport that costs
least. The limits that keep strangers from causing mails are out of the way.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import time

import floor
import loads
import paired
import rig
import rivals
import subject
from subject import Linkgate

# The one who is signed in: some clients of a fixed rate, far from what the proxy can do.
CLIENTS, RATE = 8, 100


def measure(run, binaries, pace):
    upstream = rivals.start_application(run, binaries)
    (application,) = run.started
    memory = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory, prefix="linkgate-mails-") as mails:
        redis, redis_pid = subject.start_redis(run, run.folder)
        nodes = {}
        for name, store in (("embedded", ""), ("redis", f'redis: {{ url: "redis://127.0.0.1:{redis}" }}')):
            folder = pathlib.Path(mails) / name
            nodes[name] = Linkgate(
                run, run.folder / name, binaries["linkgate"], upstream, store=store, mails=folder
            )
        found = {"rates": rates(run, binaries, nodes, redis, pace), "while_storm": {}}
        # What measures must not wait for what storms, and Redis is of the storm: nobody who is signed in
        # asks it. So the load and the application run before all others of their core.
        first = rig.puts_first(application)
        rig.puts_last(redis_pid)
        for name, node in nodes.items():
            found["while_storm"][name] = while_storm(run, binaries["storm"], node, pace, first)
        found["measures_first"] = first
    found["left_out"] = {}
    return found


def command(program, node, pace, seconds):
    return [program, node.port, node.host, node.mails, pace.clients, seconds]


def storm(program, node, pace):
    spent, began = rig.cpu(node.pid), time.monotonic()
    figures = json.loads(rig.on_load_core(command(program, node, pace, pace.storm_seconds), pace.storm_seconds))
    if figures["failed"]:
        sys.exit(f"sign-ins failed: {figures['failed'][:3]}")
    figures["core"] = (rig.cpu(node.pid) - spent) / (time.monotonic() - began)
    return figures


def issue_verify(program, redis, pace):
    """Sign-ins by the use cases alone, on the core that linkgate has: no HTTP, and no mail written. Under a
    prefix of their own, so that no node claims their mails."""
    command = ["taskset", "-c", rig.PROXY_CORE, program, f"redis://127.0.0.1:{redis}", "use-cases", pace.clients,
               pace.storm_seconds]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=pace.storm_seconds + 60)
    if done.returncode != 0:
        sys.exit(f"sign-ins by the use cases failed: {(done.stdout + done.stderr)[-2000:]}")
    return json.loads(done.stdout)


def rates(run, binaries, nodes, redis, pace):
    """Each round: a storm on each store, and the floor of that store."""
    program = binaries["storm"]
    alone = lambda: issue_verify(binaries["issue-verify"], redis, pace)
    asked = {
        "redis floor": floor.watched(redis, run.folder, lambda: storm(program, nodes["redis"], pace))[1],
        "use cases floor": floor.watched(redis, run.folder, alone)[1],
    }
    calls = {name: {} for name in asked}

    def once(name):
        # Nobody else asks, and claims what is replayed.
        if name in asked:
            with rig.stopped(nodes["redis"].pid):
                signed_in = asked[name]["settle"][0]
                rate, told = floor.redis(redis, asked[name], signed_in, pace.calls)
            calls[name].update(told)
            return {"a_second": rate}
        if name == "use cases":
            with rig.stopped(nodes["redis"].pid):
                return alone()
        if name == "disk":
            return {"a_second": floor.disk(run.folder, 1)}
        return storm(program, nodes[name], pace)

    names = ["embedded", "disk", "redis", "redis floor", "use cases", "use cases floor"]
    done = paired.rounds(names, pace.rounds, once, pace.told_rates)
    found = {name: paired.figures(done, name, "a_second") for name in names}
    detail = {
        name: {
            "core": paired.median(done, name, "core"),
            "storm_core": paired.median(done, name, "own_core"),
            **{step: {part: paired.spread([one[name][step][part] for one in done])["median"]
                      for part in ("p50", "p99")} for step in ("ask_ms", "mail_ms", "click_ms")},
        }
        for name in nodes
    }
    return {
        "clients": pace.clients,
        "a_second": found,
        "detail": detail,
        "calls": calls["redis floor"],
        "use_cases_calls": calls["use cases floor"],
        "redis_to_floor": paired.ratio(done, "redis", "redis floor", "a_second"),
        "use_cases_to_floor": paired.ratio(done, "use cases", "use cases floor", "a_second"),
        "embedded_to_disk": paired.ratio(done, "embedded", "disk", "a_second"),
    }


def while_storm(run, program, node, pace, first):
    """The p99 of a signed-in request in a storm, over that of quiet, in turn."""
    seconds = pace.storm_seconds

    def asked():
        return loads.h2load(
            node.proxy(), seconds, run.folder, "HTTP/1.1", clients=CLIENTS, streams=1, rate=RATE,
            first=first,
        )

    def once(kind):
        if kind == "quiet":
            return asked()
        # The storm gives way to the load that is measured, which shares its core.
        line = ["taskset", "-c", rig.LOAD_CORE, "nice", "-n", "10", *command(program, node, pace, seconds + 2)]
        raging = subprocess.Popen(list(map(str, line)), stdout=subprocess.PIPE, text=True)
        try:
            time.sleep(1)
            figures = asked()
            told, _ = raging.communicate(timeout=seconds + 60)
        finally:
            raging.kill()
            raging.wait(10)
        return {**figures, "sign_ins": json.loads(told)["a_second"]}

    asked()
    done = paired.rounds(["quiet", "storm"], pace.rounds, once)
    return {
        "quiet_p99": paired.figures(done, "quiet", "p99"),
        "storm_p99": paired.figures(done, "storm", "p99"),
        "ratio": paired.ratio(done, "storm", "quiet", "p99"),
        "p50_ratio": paired.ratio(done, "storm", "quiet", "p50"),
        "sign_ins": paired.figures(done, "storm", "sign_ins"),
        "rate": CLIENTS * RATE,
    }
