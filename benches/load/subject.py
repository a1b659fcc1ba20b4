"""linkgate as it is measured: its configuration, its start, and one person who signs in."""

import http.client
import re
import ssl
import sys
import time
import urllib.parse

import rig

ADDRESS = "ann@example.com"
SECRET = "a secret of the load run, " * 3
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
OFTEN = ", ".join(f"{name}: 1000000000/1h" for name in ("email", "ip", "network", "site", "total"))
RULES = """
      - { path: "/assets/**", access: public }
      - { path: "/admin/**", allow: ["root@example.com"] }"""

LINKGATE = """
listen: [{{ address: "127.0.0.1:{port}"{tls} }}]
secret: {{ file: "{folder}/secret" }}
store: {{ {store} }}
mail: {{ from: "login@example.com", folder: {{ path: "{mails}" }} }}
admin: {{ listen: off }}
server: {{ threads: 1, connections_per_peer: 50000, connections_total: 60000 }}
log: {{ level: {level} }}
sign_in: {{ limits: {{ {often} }} }}
sites:
  - name: app
    origin: {origin}
    upstream: http://127.0.0.1:{upstream}
    allow: ["@example.com"]
    rules:{rules}
"""


def many_rules(count):
    """So many, of which the page that is asked for matches none."""
    rule = '\n      - {{ path: "/area{0}/*/settings/**", allow: ["boss{0}@example.com"] }}'
    return "".join(rule.format(number) for number in range(count))


class Linkgate:
    """One that runs on the core of the proxy."""

    def __init__(self, run, folder, binary, upstream, store="", origin="", certificate=None,
                 rules=RULES, level="info", log="", mails="", cookie=""):
        """`store` as in the configuration, embedded in the folder by default; `certificate`: a file
        and its key; `cookie`: a session that is there already, otherwise one is made."""
        self.folder, self.port, self.mails = folder, rig.free_port(), mails or folder / "mails"
        self.tls, self.origin = certificate, origin or f"http://127.0.0.1:{self.port}"
        self.host = self.origin.split("://")[1]
        folder.mkdir(exist_ok=True)
        (folder / "secret").write_text(SECRET)
        (folder / "secret").chmod(0o600)
        tls = ', tls: {{ certificate: "{}", key: "{}" }}'.format(*certificate) if certificate else ""
        (folder / "linkgate.yaml").write_text(LINKGATE.format(
            port=self.port, tls=tls, folder=folder, mails=self.mails, level=level, often=OFTEN,
            store=store or f'embedded: {{ path: "{folder}/data" }}', origin=self.origin,
            upstream=upstream, rules=rules,
        ))
        command = [binary, "serve", "-c", folder / "linkgate.yaml"]
        self.pid = run.start(rig.PROXY_CORE, command, self.port, log or str(folder / "log"))
        self.cookie = cookie or self.sign_in()

    def proxy(self):
        """As a load asks it."""
        return {"pid": self.pid, "port": self.port, "cookie": self.cookie, "host": self.host}

    def sign_in(self, address=ADDRESS):
        """The flow as a browser walks it; returns what it sends as `Cookie` afterwards."""
        form = urllib.parse.urlencode({"email": address, "return_to": "/"})
        headers = {**FORM, "Origin": self.origin}
        asked = self.ask("POST", "/.linkgate/sign-in", headers, form)
        until = time.monotonic() + 10
        while not (found := list(self.mails.glob("*.eml"))):
            if time.monotonic() > until:
                sys.exit("no mail came")
            time.sleep(0.05)
        link = link_in(found[0].read_text())
        found[0].unlink()
        clicked = self.ask("GET", link, {"Cookie": asked, "Sec-Fetch-Mode": "navigate"})
        session = next(part for part in clicked.split("; ") if "linkgate-session=" in part)
        return f"theme=dark; {session}; _ga=GA1.1.1043279842.1700000000"

    def ask(self, method, path, headers, body=None):
        if self.tls:
            context = ssl._create_unverified_context()
            line = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=10, context=context)
        else:
            line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        line.request(method, path, body, {"Host": self.host, **headers})
        answer = line.getresponse()
        answer.read()
        line.close()
        if answer.status != 303:
            sys.exit(f"{method} {path[:16]}: {answer.status}, not 303")
        return "; ".join(one.split(";")[0] for one in answer.headers.get_all("Set-Cookie") or [])


def link_in(mail):
    """The path of the link in a mail."""
    plain = mail.replace("=\r\n", "").replace("=\n", "")
    link = re.search(r"/\.linkgate/link/[A-Za-z0-9_-]{64}", plain)
    return link[0] if link else sys.exit("no link in the mail")


def start_redis(run, folder, core=rig.LOAD_CORE, *options):
    """One that keeps nothing on the disk."""
    port = rig.free_port()
    command = ["redis-server", "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", folder]
    return port, run.start(core, [*command, *options], port)
