#!/usr/bin/env python3
"""Many people who sign in at the same time, each as a browser does it: form, mail, link.

`storm.py PORT HOST MAILS CLIENTS SECONDS [TOKENS]` prints one JSON object, and writes the sessions'
tokens to a file if it is named. Each client signs in a new address,
again and again; the mails are read from the folder that linkgate writes them to. One that is not
finished when the time is over is finished, and counts in the time that it took.
"""

import asyncio
import json
import os
import pathlib
import re
import resource
import sys
import time
import urllib.parse

TO = re.compile(rb"^To: .*?([a-z0-9.-]+@example\.com)", re.M)
LINK = re.compile(rb"/\.linkgate/link/[A-Za-z0-9_-]{64}")
# Longer than any honest answer; shorter than the patience of whoever waits for the figures.
PATIENCE = 20


class Mails:
    """Hands each mail to whoever waits for it."""

    def __init__(self, folder):
        self.folder, self.waiting = pathlib.Path(folder), {}

    async def watch(self):
        while True:
            # A draft ends otherwise.
            for name in (name for name in self.names() if name.endswith(".eml")):
                file = self.folder / name
                self.hand_over(file.read_bytes())
                file.unlink()
            await asyncio.sleep(0.002)

    def names(self):
        return os.listdir(self.folder) if self.folder.exists() else []

    def hand_over(self, mail):
        plain = mail.replace(b"=\r\n", b"").replace(b"=\n", b"")
        waiting = self.waiting.pop(TO.search(plain)[1].decode(), None)
        if waiting and not waiting.done():
            waiting.set_result(LINK.search(plain)[0].decode())

    def wait_for(self, address):
        self.waiting[address] = asyncio.get_running_loop().create_future()
        return self.waiting[address]


class Browser:
    """One connection that is kept."""

    def __init__(self, port, host):
        self.port, self.host, self.line = port, host, None

    async def ask(self, method, path, fields, body=""):
        if self.line is None:
            self.line = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.line
        fields = {"Host": self.host, "Content-Length": len(body), **fields}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        writer.write(f"{method} {path} HTTP/1.1\r\n{head}\r\n{body}".encode())
        answer = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        length = re.search(r"^content-length: (\d+)", answer, re.I | re.M)
        await reader.readexactly(int(length[1]) if length else 0)
        if not answer.startswith("HTTP/1.1 303"):
            raise RuntimeError(f"{method} {path[:16]}: {answer.split(chr(13))[0]}")
        cookies = re.findall(r"^set-cookie: ([^;\r]*)", answer, re.I | re.M)
        return "; ".join(cookies)


async def sign_in(browser, mails, address, took):
    began = time.perf_counter()
    mail = mails.wait_for(address)
    form = urllib.parse.urlencode({"email": address, "return_to": "/"})
    origin = f"http://{browser.host}"
    fields = {"Content-Type": "application/x-www-form-urlencoded", "Origin": origin}
    asked = await browser.ask("POST", "/.linkgate/sign-in", fields, form)
    answered = time.perf_counter()
    link = await mail
    came = time.perf_counter()
    clicked = await browser.ask("GET", link, {"Cookie": asked, "Sec-Fetch-Mode": "navigate"})
    done = time.perf_counter()
    took.append((answered - began, came - answered, done - came))
    return re.search(r"linkgate-session=([^;]+)", clicked)[1]


async def client(number, browser, mails, until, took, sessions):
    count = 0
    while time.monotonic() < until:
        address = f"p{number}-{count}-{int(time.time() * 1000)}@example.com"
        signing_in = sign_in(browser, mails, address, took)
        sessions.append(await asyncio.wait_for(signing_in, PATIENCE))
        count += 1


async def main():
    port, host, folder, clients, seconds = sys.argv[1:6]
    mails, took, sessions = Mails(folder), [], []
    watching = asyncio.create_task(mails.watch())
    began = time.monotonic()
    until = began + float(seconds)
    everybody = [
        client(number, Browser(int(port), host), mails, until, took, sessions)
        for number in range(int(clients))
    ]
    failed = [one for one in await asyncio.gather(*everybody, return_exceptions=True) if one]
    lasted = time.monotonic() - began
    watching.cancel()
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "count": len(took),
        "seconds": lasted,
        "a_second": len(took) / lasted,
        "failed": [repr(one) for one in failed],
        "own_core": (usage.ru_utime + usage.ru_stime) / lasted,
        "ask_ms": part(took, 0),
        "mail_ms": part(took, 1),
        "click_ms": part(took, 2),
    }))
    if len(sys.argv) > 6:
        pathlib.Path(sys.argv[6]).write_text("".join(f"{one}\n" for one in sessions))


def part(took, number):
    times = sorted(one[number] * 1000 for one in took) or [0]
    return {"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)]}


if __name__ == "__main__":
    asyncio.run(main())
