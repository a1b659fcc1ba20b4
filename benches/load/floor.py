"""The floor below a sign-in: the same calls to the store, with nobody around them.

Redis: what a storm of sign-ins asks is written down (MONITOR), counted for each kind of call, and
then each kind is sent by redis-benchmark with as many connections. The floor is what Redis could do
of these calls one kind after the other: 1 / sum(calls for a sign-in / calls a second).

A call is replayed in the size that it has on average: events are appended many at a time, and mails
claimed. Once the first call of its kind was taken, which is for one; the floor was too high by a third.

A replay differs from the storm in this. Digests are random numbers from a small range, so that later
calls find what earlier ones wrote. `settle` leaves the attempt live, because a spent one is spent, and a
claim its mails due. A mail is claimed and done with again and again, which costs less than the first
time. Events come in the order of time, which redis-benchmark cannot count in, and from redis-cli.

Embedded: the disk. One write of a few pages and one sync, one after the other; the store commits
many steps with each.
"""

import hashlib
import os
import re
import statistics
import subprocess
import sys
import time

import rig

SCRIPTS = rig.ROOT / "src" / "adapters" / "redis" / "lua"
# What is asked once a second or so, whether somebody signs in or not.
BESIDE = {"PING", "TIME", "CLIENT", "HELLO", "INFO", "MONITOR", "SCRIPT", "SELECT", "COMMAND"}
LINE = re.compile(r"^[\d.]+ \[\d+ (?!lua)[^\]]*\] (.*)$")
ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"')
DIGEST = re.compile(r"[0-9a-f]{64}|[0-9a-f]{32}")
PAGES = 4
# What redis-benchmark replaces by a number of twelve digits, and how many different ones there are.
DRAWN, RANGE = "__rand_int__", 2000


def watched(port, folder, storm):
    """Runs a storm and returns its figures, and what it asked: kind to count and one example."""
    file = folder / "monitor"
    with open(file, "w") as out:
        watcher = subprocess.Popen(["redis-cli", "-p", str(port), "MONITOR"], stdout=out)
        try:
            time.sleep(0.3)
            figures = storm()
        finally:
            watcher.terminate()
            watcher.wait(10)
    return figures, sorted_by_kind(file.read_text(errors="replace"))


def sorted_by_kind(written):
    """Each kind's number, and of its calls one that is as long as they are on average."""
    names, lines = names_of_scripts(), {}
    for line in written.splitlines():
        if found := LINE.match(line):
            arguments = ARGUMENT.findall(found[1])
            if arguments and (kind := kind_of(arguments, names)):
                lines.setdefault(kind, []).append(found[1])
    kinds = {}
    for kind, calls in lines.items():
        mean = statistics.fmean(map(len, calls))
        kinds[kind] = (len(calls), ARGUMENT.findall(min(calls, key=lambda call: abs(len(call) - mean))))
    return kinds


def names_of_scripts():
    """By the digest that they are called by. What keeps the records of mails stands before some."""
    records = (SCRIPTS / "mail_records.lua").read_bytes()
    return {
        hashlib.sha1(before + path.read_bytes()).hexdigest(): path.stem
        for path in SCRIPTS.glob("*.lua")
        for before in (b"", records)
    }


def kind_of(arguments, names):
    command = arguments[0].upper()
    if command in BESIDE or any("installation" in argument for argument in arguments[1:2]):
        return None
    if kind_is_script(arguments):
        if (name := names.get(arguments[1])) is None:
            sys.exit("a script that is not of this source: build linkgate anew")
        # Limits of several people are one call with several keys: how many matters.
        return f"{name} ({arguments[2]} keys)" if name == "hit" else name
    return f"{command} {arguments[1].split(':')[1] if ':' in arguments[1] else ''}".strip()


def redis(port, kinds, sign_ins, calls):
    """Sign-ins a second that Redis alone could do, and the calls of each."""
    seconds, told = 0.0, {}
    # A mail is claimed when it is there, and events come last: some seconds after the last of the storm, so that
    # they are later than all there are.
    late = ("claim", "done", "append_events")
    for kind, (count, example) in sorted(kinds.items(), key=lambda it: late.index(it[0]) if it[0] in late else -1):
        share = count / sign_ins
        # What came once or twice belongs to the start of the storm.
        if share < 0.02:
            continue
        replay = appended if kind == "append_events" else replayed
        rate = replay(port, lifelike(kind, example, share), max(round(calls * min(share, 1)), 500))
        told[kind] = {"for_a_sign_in": share, "a_second": rate}
        seconds += share / rate
    return 1 / seconds, told


def lifelike(kind, example, share):
    """The arguments of a call that can be made again and again, and finds something each time."""
    if kind == "append_events":
        return [plain(argument) for argument in example]
    # The name of the script is a digest, too, and stays.
    if not kind_is_script(example):
        return [example[0], *map(varied, example[1:])]
    first = 3 + int(example[2])
    made = example[:2] + [varied(argument) for argument in example[2:]]
    if kind == "settle":
        made[first + 1] = "live"
    if kind == "claim":
        # A minute after the storm all are due, and are again at once; so many are looked at and claimed
        # as were in the storm.
        made[first + 1] = made[first + 3] = str(int(example[first + 1]) + 60_000)
        made[first + 2] = made[first + 4] = str(max(round(1 / share), 1))
    return made


def appended(port, example, calls):
    """Calls a second, each with events that are later than all before, and of other people."""
    first, stream = 4 + int(example[2]), bytearray()
    began = int(time.time() * 1000) - calls
    for number in range(calls):
        arguments = list(example)
        for at in range(first, len(arguments), 3):
            member = arguments[at]
            nobody = member[32] == "-"
            person = member[32:96] if nobody else member[32:88] + f"{number:08x}"
            arguments[at] = f"{began + number:012x}" + member[12:32] + person + member[96:]
        stream += b"*%d\r\n" % len(arguments)
        for argument in map(str.encode, arguments):
            stream += b"$%d\r\n%s\r\n" % (len(argument), argument)
    command = ["taskset", "-c", rig.PROXY_CORE, "redis-cli", "-p", str(port), "--pipe"]
    started = time.monotonic()
    done = subprocess.run(command, input=bytes(stream), capture_output=True, timeout=120, check=True)
    took = time.monotonic() - started
    if f"errors: 0, replies: {calls}" not in done.stdout.decode():
        sys.exit(f"events were not appended: {done.stdout.decode()[-500:]}")
    return calls / took


def replayed(port, arguments, calls):
    command = ["taskset", "-c", rig.PROXY_CORE, "redis-benchmark", "-p", port, "-c", 64, "-q"]
    command += ["-n", calls, "-r", RANGE, *arguments]
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=120, check=True,
        errors="replace",
    )
    return float(re.findall(r"([\d.]+) requests per second", done.stdout)[-1])


def kind_is_script(arguments):
    return arguments[0].upper().startswith("EVAL")


def varied(argument):
    """The same length; digests are numbers that redis-benchmark draws."""
    return DIGEST.sub(lambda found: DRAWN + "0" * (len(found[0]) - 12), plain(argument))


def plain(argument):
    """As MONITOR wrote it, but what no command line can hold is something else."""
    short = re.sub(r"\\x[0-9a-f]{2}", "x", argument)
    short = re.sub(r'\\(["\\])', r"\1", short)
    return re.sub(r"\\[nrtab]", " ", short)


def disk(folder, seconds):
    """Durable writes a second, one after the other."""
    file, page = folder / "synced", os.urandom(4096)
    count, until = 0, time.monotonic() + seconds
    with open(file, "wb") as out:
        out.write(page * 1024)
        while time.monotonic() < until:
            for _ in range(PAGES):
                os.pwrite(out.fileno(), page, int.from_bytes(os.urandom(2), "big") % 1024 * 4096)
            os.fdatasync(out.fileno())
            count += 1
    file.unlink()
    return count / seconds
