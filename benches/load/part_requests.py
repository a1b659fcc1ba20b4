"""A signed-in request, beside what else one could put there: HTTP/1.1 with keep-alive, one session.

Everybody forwards to the same application over connections that are kept. On two cores the load, the
application and Redis share one; where the proxy's own core is not busy it is they that set the
requests a second, so processor time for a request is shown beside it.
"""

import apache
import loads
import paired
import rig
import rivals
from subject import Linkgate

NO_STEALING = "bare+mimalloc+no-stealing"


def measure(run, binaries, pace):
    upstream = rivals.start_application(run, binaries)
    linkgate = Linkgate(run, run.folder / "linkgate", binaries["linkgate"], upstream)
    proxies, left_out = {"linkgate": linkgate.proxy()}, {}
    for name, start in starters(run, binaries, upstream).items():
        if isinstance(start, str):
            left_out[name] = start
            continue
        try:
            # What a proxy forwards unread costs it, too: the same cookie for all that look at none.
            proxies[name] = {"cookie": linkgate.cookie, **start()}
        except SystemExit as stopped:
            # Only linkgate must be there. A signal, which ends everything, has a number.
            if isinstance(stopped.code, int):
                raise
            left_out[name] = str(stopped.code).splitlines()[0]
    for proxy in proxies.values():
        loads.wrk(proxy, pace.warm_up, "/warm-up")
    done = paired.rounds(
        proxies, pace.rounds, lambda name: loads.wrk(proxies[name], pace.seconds), pace.told
    )
    return {
        "left_out": left_out,
        "table": paired.table(done, proxies),
        "cpu_to_bare": {name: paired.ratio(done, name, "bare", "cpu") for name in proxies},
        "busy": busy(done, proxies),
    }


def starters(run, binaries, upstream):
    """How to start each; or, in words, why it is left out."""
    def bare(name, *options):
        return lambda: rivals.start_bare(run, binaries[name], upstream, *options)

    found = {
        "bare": bare("bare"),
        "bare+mimalloc": bare("bare+mimalloc"),
        NO_STEALING: bare("bare+mimalloc", "--no-stealing"),
    }
    nginx = rig.tool_of("nginx")
    found["nginx"] = (lambda: rivals.start_plain(run, upstream)) if nginx else "nginx is missing"
    found["nginx + auth_request"] = (
        (lambda: rivals.start_auth_request(run, upstream)) if nginx else "nginx is missing"
    )
    found["nginx + Lua + Redis"] = (
        (lambda: rivals.start_lua(run, upstream))
        if nginx and rivals.has_lua() else "libnginx-mod-http-lua is missing"
    )
    found["Apache mod_auth_openidc"] = (
        (lambda: apache.start(run, upstream))
        if apache.is_here() else "libapache2-mod-auth-openidc is missing"
    )
    return found


def busy(done, proxies):
    """The part of its core that each had, in the middle of the rounds."""
    parts = {name: [one[name]["rps"] * one[name]["cpu"] / 1e6 for one in done] for name in proxies}
    return {name: paired.spread(values)["median"] for name, values in parts.items()}
