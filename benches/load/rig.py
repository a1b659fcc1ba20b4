"""Processes on loopback, where they run, and what the kernel says of them.

One core for the proxy that is measured, the other for everything else: the load, the application,
Redis. Otherwise a proxy would lose time to its own load, and each to another extent.
"""

import contextlib
import os
import pathlib
import platform
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROXY_CORE, LOAD_CORE = "0", "1"
TICKS = os.sysconf("SC_CLK_TCK")
# Debian puts servers where only root looks.
os.environ["PATH"] += ":/usr/sbin"


class Processes:
    """What was started here, and only that, ends with this."""

    def __init__(self, folder):
        self.folder, self.started = pathlib.Path(folder), {}

    def __enter__(self):
        # An end from outside is an end like any other: what was started is stopped.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return self

    def __exit__(self, *_):
        for pid in list(self.started):
            self.stop(pid)

    def start(self, core, command, port, log="", nice=0):
        """Starts a server and waits until it listens. Returns its process id."""
        log = open(log or self.folder / f"log-{port}", "ab")
        command = ["taskset", "-c", core, "nice", "-n", str(nice), *map(str, command)]
        # A group of its own, so that its children end with it.
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
        self.started[process.pid] = process
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            if listens(port):
                return process.pid
            time.sleep(0.05)
        sys.exit(f"{command[6]} does not listen: " + pathlib.Path(log.name).read_text()[-2000:])

    def stop(self, pid, gently=False):
        """Ends one of them; gently: it may finish what it writes first."""
        process = self.started.pop(pid)
        if gently and process.poll() is None:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                pass
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait(10)


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def on_load_core(command, seconds, first=False, **options):
    """Runs a load to its end, on the core of the load, and never much longer than it should take.
    `first`: whatever else wants that core waits for it."""
    ahead = ["chrt", "-f", "1"] if first else []
    command = ["taskset", "-c", LOAD_CORE, *ahead, *map(str, command)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60, **options)
    if done.returncode != 0:
        sys.exit(f"{command[3 + len(ahead)]} failed: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def threads(pid):
    """All threads of a process and of those below it."""
    return [int(entry.name) for one in family(pid) for entry in pathlib.Path(f"/proc/{one}/task").iterdir()]


@contextlib.contextmanager
def stopped(pid):
    """A process that does nothing meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def puts_first(pid):
    """Lets a process run before all others (SCHED_FIFO), if we may: root may, and who has the right
    (`ulimit -r`). Returns whether it does."""
    try:
        for thread in threads(pid):
            os.sched_setscheduler(thread, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    return True


def puts_last(pid, nice=10):
    """Lets a process give way to the others of its core."""
    for thread in threads(pid):
        os.setpriority(os.PRIO_PROCESS, thread, nice)


def build(no_build):
    """The release binaries, made anew unless that is not wanted."""
    if not no_build:
        command = ["cargo", "build", "--release", "--locked", "--bins", "--examples"]
        subprocess.run(command, cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
    examples = target / "examples"
    return {
        "linkgate": str(target / "linkgate"),
        "bare": str(examples / "bare-proxy"),
        "bare+mimalloc": str(examples / "bare-proxy-mimalloc"),
        "upstream": str(examples / "bench-upstream"),
        "fill": str(examples / "fill-sessions"),
        "issue-verify": str(examples / "issue-verify"),
        "kept": str(examples / "kept-session"),
        "many": str(examples / "many-sessions"),
        "storm": str(examples / "storm"),
    }


def require(who, **packages):
    """Ends with what to install if a tool is not there. `packages`: the tool and its package."""
    missing = {package for tool, package in packages.items() if not tool_of(tool)}
    if missing:
        sys.exit(f"benches/load/{who}: missing: apt-get install {' '.join(sorted(missing))}")
    if os.cpu_count() < 2:
        sys.exit(f"benches/load/{who}: needs two cores")


def tool_of(name):
    return shutil.which(name.replace("_", "-"))


def raise_file_limit():
    """As many open files as we may have, for us and for what we start. Returns the number."""
    wanted = 65_536
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, soft), max(wanted, hard)))
    except (ValueError, OSError):
        # Only root may go beyond the hard limit.
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def family(pid):
    """A process and all below it: Apache works in children."""
    parents = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := stat(entry.name)):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found, rest = [], [pid]
    while rest:
        found.append(rest.pop())
        rest += parents.get(found[-1], [])
    return found


def stat(pid):
    """The fields of proc(5) from the state on; none if the process is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None


def cpu(pid):
    """Seconds of processor time, user and system, that a process and its children have had."""
    fields = [stat(member) for member in family(pid)]
    return sum(int(one[11]) + int(one[12]) for one in fields if one) / TICKS


def rss(pid):
    """Bytes of memory that a process holds now."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024


def settled_rss(pid):
    """The same, once it has stopped growing."""
    before, until = 0, time.monotonic() + 20
    while time.monotonic() < until and abs(rss(pid) - before) > 128 * 1024:
        before = rss(pid)
        time.sleep(1)
    return rss(pid)


def version(*command):
    if not shutil.which(command[0]):
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    line = (done.stdout + done.stderr).strip().split("\n")[0]
    return re.sub(r"^nginx version: |^Server version: | Copyright.*| \[epoll\].*", "", line)


def processor():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return model[1].strip() if model else platform.machine()


def pingora_version():
    lock = (ROOT / "Cargo.lock").read_text()
    return re.search(r'name = "pingora-proxy"\nversion = "(.*)"', lock)[1]
