"""Whether it stays as fast with many sessions and many rules, and what a session takes up.

The load asks with any of the sessions at random. They were last seen in the future, so that none is
moved forward, and all were asked for a minute or two ago, so that each has its signed statement: a request
is then a look-up and nothing else. Bare Pingora is asked with the same cookies: what the load itself loses
with many of them shows there. What else a session costs is measured by itself: moving it forward once a
minute, with sessions that were last seen an hour ago, each asked for once; and a statement every two and a
half minutes, with sessions whose statement has been in use for longer, each asked for once.
"""

import json
import pathlib
import subprocess
import time

import loads
import paired
import rig
import rivals
import subject
from subject import Linkgate

ORIGIN = "http://app.localhost:8080"
HOUR = 3600
# A statement is for five minutes, and is used for half of them.
REUSED = 150
# Short, so that all rounds together end before the first statement is made anew.
SLICE = 1
# More than there are sessions: the parts of the cache are never filled evenly.
CACHE = 1_300_000


def measure(run, binaries, pace):
    if not pathlib.Path(binaries["fill"]).exists():
        return {"left_out": {"flatness": "fill-sessions is not built"}}
    upstream = rivals.start_application(run, binaries)
    found = {"left_out": {}, "stores": {}, "reused": REUSED, "touches": touches(run, binaries, upstream, pace)}
    found["kept"] = json.loads(rig.on_load_core([binaries["kept"], pace.sizes[-1]], 60))
    for store in ("embedded", "redis"):
        found["stores"][store] = sizes(run, binaries, upstream, pace, store)
    found["rules"] = rules(run, binaries, upstream, pace)
    return found


class Filled:
    """linkgate over a store with so many sessions, and all of them as cookies in a file."""

    def __init__(self, run, binaries, upstream, store, count, seen=HOUR):
        self.run, self.count, self.load = run, count, binaries["many"]
        self.folder = run.folder / f"{store}-{count}-{seen}"
        self.folder.mkdir()
        secret, self.cookies = self.folder / "secret", self.folder / "cookies"
        secret.write_text(subject.SECRET)
        self.redis_port, self.redis_pid = None, None
        place, setting = self.folder / "data", f'embedded: {{ path: "{self.folder}/data" }}'
        if store == "redis":
            self.redis_port, self.redis_pid = subject.start_redis(run, self.folder, rig.LOAD_CORE)
            place = f"redis://127.0.0.1:{self.redis_port}"
            setting = f'redis: {{ url: "{place}" }}'
        empty = self.redis_bytes()
        self.fill(binaries["fill"], place, secret, seen)
        self.stored = (self.file_bytes() if store == "embedded" else self.redis_bytes() - empty) / count
        with open(self.cookies) as cookies:
            first = cookies.readline().strip()
        self.linkgate = Linkgate(
            run, self.folder, binaries["linkgate"], upstream, origin=ORIGIN,
            store=f"{setting}, cache: {CACHE}", cookie=f"linkgate-session={first}",
        )
        self.proxy = self.linkgate.proxy()

    def fill(self, binary, place, secret, seen):
        """On all cores: nothing is measured meanwhile. Bounded by what a slow disk may need."""
        command = [binary, place, secret, ORIGIN, str(self.count), str(seen)]
        with open(self.cookies, "w") as cookies:
            subprocess.run(command, stdout=cookies, check=True, timeout=120 + self.count / 1000)

    def file_bytes(self):
        return (self.folder / "data" / "linkgate.redb").stat().st_size

    def redis_bytes(self):
        if not self.redis_port:
            return 0
        command = ["redis-cli", "-p", self.redis_port, "INFO", "memory"]
        text = rig.on_load_core(command, 10)
        return int(text.split("used_memory:")[1].split()[0])

    def marks_bytes(self):
        """What the marks of used links take up in Redis, for each session: removes them."""
        before = self.redis_bytes()
        script = (
            "local c = '0' repeat local r = redis.call('SCAN', c, 'MATCH', 'linkgate:attempt:*', "
            "'COUNT', 1000) c = r[1] if #r[2] > 0 then redis.call('UNLINK', unpack(r[2])) end "
            "until c == '0' return 1"
        )
        rig.on_load_core(["redis-cli", "-p", self.redis_port, "EVAL", script, "0"], 120)
        return (before - self.redis_bytes()) / self.count

    def ask(self, seconds, start=None):
        """Any of the sessions at random, or one after the other."""
        return loads.many(self.load, self.proxy, seconds, self.cookies, start)

    def ask_all(self, pace):
        """Each session once, in order: from then on all are kept. Returns requests a second."""
        done, seconds, slice_seconds = 0, 0.0, 5 if self.count > 50_000 else 1
        while done < self.count:
            one = self.ask(slice_seconds, start=done)
            done, seconds = done + one["requests"], seconds + one["requests"] / one["rps"]
        return done / seconds


def sizes(run, binaries, upstream, pace, store):
    """The same load over stores of several sizes, in turn; and bytes for each session."""
    filled = {count: Filled(run, binaries, upstream, store, count) for count in pace.sizes}
    found = {"first_use": {}, "cached_bytes": {}, "rss": {}, "stored_bytes": {}}
    for one in filled.values():
        loads.wrk(one.proxy, pace.warm_up, connections=64)
    began = time.monotonic()
    # The largest takes longest, and is the last to be ready.
    for count, one in filled.items():
        before = rig.rss(one.linkgate.pid)
        found["first_use"][count] = one.ask_all(pace)
        found["rss"][count] = rig.rss(one.linkgate.pid)
        found["cached_bytes"][count] = (found["rss"][count] - before) / count
        found["stored_bytes"][count] = one.stored
    done = paired.rounds([str(count) for count in filled], pace.rounds, lambda kind: filled[int(kind)].ask(SLICE), pace.told)
    found["age"] = time.monotonic() - began
    found["table"] = paired.table(done, [str(count) for count in filled])
    found["to_smallest"] = to_smallest(done, pace.sizes)
    found["bare_to_smallest"] = bare_to_smallest(run, binaries, upstream, filled, pace)
    # No store has a part in it.
    if store == "embedded":
        found["statement"] = statement(filled[pace.sizes[-1]], pace)
    for one in filled.values():
        run.stop(one.linkgate.pid)
    if store == "redis":
        found["mark_bytes"] = filled[pace.sizes[-1]].marks_bytes()
    for one in filled.values():
        if one.redis_pid:
            run.stop(one.redis_pid)
    return found


def to_smallest(done, sizes):
    return {count: paired.ratio(done, str(count), str(sizes[0]), "rps") for count in sizes}


def bare_to_smallest(run, binaries, upstream, filled, pace):
    bare = {"host": ORIGIN.split("://")[1], **rivals.start_bare(run, binaries["bare+mimalloc"], upstream)}

    def once(kind):
        return loads.many(binaries["many"], bare, SLICE, filled[int(kind)].cookies)

    done = paired.rounds([str(count) for count in filled], pace.rounds, once, pace.told)
    run.stop(bare["pid"])
    return to_smallest(done, pace.sizes)


def statement(one, pace):
    """Microseconds of processor time that a statement costs: those who ask first after theirs was in use
    for as long as it may be, beside the same who ask once more. Each round takes other sessions."""
    if not pace.waits:
        return None
    time.sleep(REUSED)
    done, position = [], 0
    for _ in range(pace.rounds):
        anew = one.ask(SLICE, start=position)
        # Fewer than those, although each takes less.
        again = one.ask(SLICE / 3, start=position)
        position += anew["requests"]
        done.append({"micros": anew["cpu"] - again["cpu"]})
    return paired.spread([one["micros"] for one in done])


def touches(run, binaries, upstream, pace):
    """First uses that move a session forward, against first uses that do not. Embedded: there a
    write is a commit. Each round takes sessions that no round before it has asked for."""
    need = pace.touched
    kinds = {
        "with": Filled(run, binaries, upstream, "embedded", need, -HOUR),
        "without": Filled(run, binaries, upstream, "embedded", need, HOUR + 1),
    }
    position = dict.fromkeys(kinds, 0)

    def once(kind):
        one = kinds[kind]
        figures = one.ask(1, start=position[kind])
        position[kind] += figures["requests"]
        return figures

    done = paired.rounds(kinds, pace.rounds, once, pace.told)
    wrapped = max(position.values()) > need
    with open(kinds["with"].folder / "log") as log:
        warnings = sum(" WARN " in line or "ERROR" in line for line in log)
    for one in kinds.values():
        run.stop(one.linkgate.pid)
    return {
        "with": paired.figures(done, "with", "rps"),
        "without": paired.figures(done, "without", "rps"),
        "ratio": paired.ratio(done, "with", "without", "rps"),
        "p99_ratio": paired.ratio(done, "with", "without", "p99"),
        "asked_twice": wrapped,
        "warnings": warnings,
    }


def rules(run, binaries, upstream, pace):
    """One session, and a page that none of the rules names: all of them are in question."""
    kinds = {}
    for count in pace.rules:
        folder = run.folder / f"rules-{count}"
        rules_text = subject.many_rules(count)
        kinds[count] = Linkgate(
            run, folder, binaries["linkgate"], upstream, rules=rules_text
        ).proxy()
    for proxy in kinds.values():
        loads.wrk(proxy, pace.warm_up)
    done = paired.rounds(
        kinds, pace.rounds, lambda count: loads.wrk(kinds[count], pace.seconds), pace.told
    )
    least = pace.rules[0]
    return {
        "table": paired.table(done, kinds),
        "to_fewest": {count: paired.ratio(done, count, least, "rps") for count in pace.rules},
    }
