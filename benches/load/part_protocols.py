"""The same request over HTTP/2 without TLS, and over TLS with HTTP/1.1 and HTTP/2.

Connections are made once and kept, as browsers do; a handshake is no part of a request here.
"""

import subprocess

import loads
import paired
import rig
import rivals
from subject import Linkgate

PROTOCOLS = ("h2c", "TLS HTTP/1.1", "TLS HTTP/2")


def measure(run, binaries, pace):
    certificate = make_certificate(run.folder)
    upstream = rivals.start_application(run, binaries)
    bare = binaries["bare"]
    clear = Linkgate(run, run.folder / "clear", binaries["linkgate"], upstream,
                     origin="http://app.localhost:8080")
    sealed = Linkgate(run, run.folder / "sealed", binaries["linkgate"], upstream,
                      origin="https://app.localhost:8443", certificate=certificate)
    results, left_out = {}, {}
    for protocol in PROTOCOLS:
        linkgate = (sealed if protocol.startswith("TLS") else clear).proxy()
        options = ["--tls", *certificate] if protocol.startswith("TLS") else ["--h2c"]
        same = {"cookie": linkgate["cookie"], "host": linkgate["host"]}
        proxies = {
            "linkgate": linkgate,
            "bare": {**same, **rivals.start_bare(run, bare, upstream, *options)},
            "bare+mimalloc": {
                **same, **rivals.start_bare(run, binaries["bare+mimalloc"], upstream, *options)
            },
        }
        if rig.tool_of("nginx"):
            proxies["nginx"] = {**same, **rivals.start_plain(run, upstream, protocol)}
        for name in list(proxies):
            if not speaks(proxies[name], protocol):
                del proxies[name]
                left_out[f"{name}, {protocol}"] = f"it does not speak {protocol}: build it anew"
        done = rounds(run, proxies, protocol, pace)
        results[protocol] = paired.table(done, proxies)
    return {"left_out": left_out, "protocols": results}


def rounds(run, proxies, protocol, pace):
    def once(name):
        return loads.h2load(proxies[name], pace.seconds, run.folder, protocol)

    for name in proxies:
        once(name)
    return paired.rounds(proxies, pace.rounds, once, pace.told)


def speaks(proxy, protocol):
    command = ["h2load", "-n1", "-c1", f"--connect-to=127.0.0.1:{proxy['port']}", "-T2", "-N2"]
    command += ["--h1"] if protocol.endswith("HTTP/1.1") else []
    scheme = "https" if protocol.startswith("TLS") else "http"
    command += [*loads.headers(proxy, names_host=False), f"{scheme}://{proxy['host']}{loads.PAGE}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return "1 2xx" in done.stdout


def make_certificate(folder):
    """One for app.localhost, P-256 as most are today; every proxy has the same."""
    file, key = folder / "site.pem", folder / "site.key"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=app.localhost", "-keyout", key, "-out", file]
    command += ["-addext", "subjectAltName=DNS:app.localhost"]
    subprocess.run(command, check=True, capture_output=True, timeout=30)
    return str(file), str(key)
