"""Apache with mod_auth_openidc, the module that many know: a session in the server's shared memory.

It signs people in with an OpenID provider. What that would hand the browser (a statement, signed with
the secret that client and provider share) is made here and posted as the browser would, so that no
provider has to run: it would be asked for nothing while the load runs.
"""

import base64
import hashlib
import hmac
import http.client
import json
import pathlib
import sys
import time
import urllib.parse

import rig

MODULES = pathlib.Path("/usr/lib/apache2/modules")
CLIENT, CLIENT_SECRET = "load", "a secret that client and provider share"

APACHE = """
ServerName 127.0.0.1
ServerRoot {folder}
DefaultRuntimeDir {folder}
PidFile {folder}/apache.pid
Listen 127.0.0.1:{port}
{modules}
StartServers 1
ServerLimit 1
ThreadsPerChild 128
ThreadLimit 128
MaxRequestWorkers 128
MinSpareThreads 1
MaxSpareThreads 128
MaxConnectionsPerChild 0
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 60
ErrorLog {folder}/apache.log
LogFormat "%h %l %u %t \\"%r\\" %>s %b" common
CustomLog {folder}/apache.access common
OIDCProviderIssuer https://provider.example
OIDCProviderAuthorizationEndpoint https://provider.example/authorize
OIDCClientID {client}
OIDCClientSecret "{secret}"
OIDCIDTokenSignedResponseAlg HS256
OIDCResponseType id_token
OIDCResponseMode form_post
OIDCScope "openid email"
OIDCRedirectURI http://127.0.0.1:{port}/signed-in
OIDCCryptoPassphrase "a passphrase of the load run"
OIDCCookieSameSite On
OIDCRemoteUserClaim email
ProxyPass /signed-in !
ProxyPass / http://127.0.0.1:{upstream}/ keepalive=On max=128
<Location />
  AuthType openid-connect
  Require valid-user
</Location>
"""
LOADED = (
    "mpm_event authn_core authz_core authz_user log_config_module proxy proxy_http auth_openidc"
)


def signed(claims):
    """A JWT with HMAC-SHA-256 (RFC 7519)."""
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    mac = hmac.new(CLIENT_SECRET.encode(), text, hashlib.sha256).digest()
    return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()


def is_here():
    return bool(rig.tool_of("apache2")) and (MODULES / "mod_auth_openidc.so").exists()


def start(run, upstream):
    """Apache on the core of the proxy, and a session with it."""
    port, folder = rig.free_port(), run.folder
    names = [name.removesuffix("_module") for name in LOADED.split()]
    # log_config is compiled in on Debian.
    modules = "\n".join(
        f"LoadModule {name}_module {MODULES}/mod_{name}.so"
        for name in names
        if (MODULES / f"mod_{name}.so").exists()
    )
    file = folder / "apache.conf"
    file.write_text(APACHE.format(
        folder=folder, port=port, modules=modules, upstream=upstream, client=CLIENT,
        secret=CLIENT_SECRET,
    ))
    command = ["apache2", "-f", file, "-DFOREGROUND"]
    pid = run.start(rig.PROXY_CORE, command, port)
    session = sign_in(port)
    return {"pid": pid, "port": port, "cookie": f"theme=dark; {session}; _ga=GA1.1.1043279842.1700000000"}


def sign_in(port):
    """The flow as a browser walks it, with the provider's page left out."""
    sent = ask(port, "GET", "/reports/42", {})
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(sent.headers["Location"]).query)
    now = int(time.time())
    statement = signed({
        "iss": "https://provider.example", "aud": CLIENT, "sub": "ann", "email": "ann@example.com",
        "nonce": query["nonce"][0], "iat": now, "exp": now + 3600,
    })
    form = urllib.parse.urlencode({"state": query["state"][0], "id_token": statement})
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies(sent)}
    answer = ask(port, "POST", "/signed-in", headers, form)
    found = [part for part in cookies(answer).split("; ") if part.startswith("mod_auth_openidc_session")]
    return found[0] if found else sys.exit(f"Apache signed nobody in: {answer.status}")


def ask(port, method, path, headers, body=None):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    browser = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    line.request(method, path, body, {**browser, **headers})
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer


def cookies(answer):
    return "; ".join(one.split(";")[0] for one in answer.headers.get_all("Set-Cookie") or [])
