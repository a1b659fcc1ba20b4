"""What a connection costs that does nothing: memory for each, and processor time for all of them.

Clients come from several addresses of 127/8, as the ports of one would not do. A kept connection has
been used once; a WebSocket is open through to the application. Bare Pingora holds the same beside.
"""

import socket
import sys
import time

import loads
import rig
import rivals
from subject import Linkgate

CLIENTS = 8
# What linkgate itself, the pool to the application and this program need beside the connections.
SPARE = 1000
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-Fetch-Mode": "websocket",
    "Sec-Fetch-Dest": "empty",
}


def measure(run, binaries, pace):
    limit = rig.raise_file_limit()
    # A WebSocket takes two files of the proxy.
    count = min(pace.connections, (limit - SPARE) // 2)
    upstream = rig.free_port()
    application = rig.ROOT / "benches" / "load" / "idle_application.py"
    run.start(rig.LOAD_CORE, [sys.executable, application, upstream], upstream)
    found = {"count": count, "left_out": {}, "kinds": {}}
    if count < pace.connections:
        found["left_out"]["more connections"] = f"the limit of open files is {limit}"
    for kind in ("keep-alive", "WebSocket"):
        found["kinds"][kind] = {
            name: held(run, start(run, binaries, upstream, name, kind), kind, count, pace)
            for name in ("linkgate", "bare")
        }
    return found


def start(run, binaries, upstream, name, kind):
    """One of its own for each measurement: memory that was used once is not given back."""
    if name == "bare":
        return {**rivals.start_bare(run, binaries["bare"], upstream), "cookie": "theme=dark"}
    linkgate = Linkgate(run, run.folder / f"linkgate-{kind}", binaries["linkgate"], upstream)
    return {**linkgate.proxy(), "origin": linkgate.origin}


def held(run, proxy, kind, count, pace):
    # What the first requests make grow is no part of a connection.
    loads.wrk(proxy, pace.warm_up)
    before = rig.settled_rss(proxy["pid"])
    began = time.monotonic()
    sockets = [opened(proxy, kind, number) for number in range(count)]
    took = time.monotonic() - began
    after = rig.settled_rss(proxy["pid"])
    spent, looked = rig.cpu(proxy["pid"]), time.monotonic()
    time.sleep(pace.idle_seconds)
    spent, looked = rig.cpu(proxy["pid"]) - spent, time.monotonic() - looked
    alive = sum(is_open(one) for one in sockets)
    for one in sockets:
        one.close()
    run.stop(proxy["pid"])
    if alive != count:
        sys.exit(f"{count - alive} of {count} connections ({kind}) were closed")
    return {
        "bytes": (after - before) / count,
        "rss": after,
        "core_while_idle": spent / looked,
        "opened_a_second": count / took,
    }


def opened(proxy, kind, number):
    """A connection that has had one answer."""
    line = socket.socket()
    line.settimeout(10)
    line.bind((f"127.0.0.{2 + number % CLIENTS}", 0))
    line.connect(("127.0.0.1", proxy["port"]))
    host = proxy.get("host", f"127.0.0.1:{proxy['port']}")
    fields = {"Host": host, "Cookie": proxy["cookie"], "Origin": proxy.get("origin", f"http://{host}")}
    fields |= WEBSOCKET if kind == "WebSocket" else {}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    line.sendall(f"GET /live HTTP/1.1\r\n{head}\r\n".encode())
    answer, wanted = b"", b"101" if kind == "WebSocket" else b"200"
    while b"\r\n\r\n" not in answer or (wanted == b"200" and not answer.endswith(b"ok")):
        got = line.recv(4096)
        answer += got
        if not got or not answer.startswith(b"HTTP/1.1 "[: len(answer)]):
            break
    if answer[9:12] != wanted:
        sys.exit(f"connection {number}: {answer[:300]!r}")
    return line


def is_open(line):
    line.setblocking(False)
    try:
        return bool(line.recv(1))
    except BlockingIOError:
        return True
    except OSError:
        return False
