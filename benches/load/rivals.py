"""What linkgate is measured beside: bare Pingora, nginx in three ways, and the application.

Each has one thread on the core of the proxy, keeps its connections to the application, and writes
an access log to a file if it decides about sessions, as linkgate does. The plain ones write none.
"""

import pathlib
import secrets

import rig
import subject

MODULES = pathlib.Path("/usr/lib/nginx/modules")

HEAD = """
daemon off; master_process off; pid {folder}/nginx-{port}.pid; error_log {folder}/nginx-{port}.log;
{modules}
events {{ worker_connections 30000; }}
http {{
  access_log {log}; keepalive_requests 1000000000; keepalive_timeout 1h;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  upstream application {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  {more}
}}
"""
APPLICATION = """
  server {{
    listen 127.0.0.1:{port};
    location = /allowed {{ return 204; }}
    location / {{ default_type text/plain; return 200 "{body}"; }}
  }}"""
PLAIN = """
  server {{
    listen 127.0.0.1:{port}{listen};{certificate}
    location / {{ proxy_pass http://application; }}
  }}"""
# Who decides is a server of its own, as it is in real life; here one that has nothing to decide.
AUTH_REQUEST = """
  server {{
    listen 127.0.0.1:{port};
    location / {{ auth_request /allowed; proxy_pass http://application; }}
    location = /allowed {{
      internal; proxy_pass http://application; proxy_pass_request_body off;
      proxy_set_header Content-Length "";
    }}
  }}"""
# A keyed read for each request, over a connection that is kept, and the answer in a header.
LUA = """
  server {{
    listen 127.0.0.1:{port};
    location / {{
      access_by_lua_block {{
        local session = ngx.var["cookie_linkgate-session"] or ngx.var.cookie_session
        if not session then return ngx.exit(401) end
        local socket = ngx.socket.tcp()
        local connected = socket:connect("127.0.0.1", {redis})
        if not connected then return ngx.exit(503) end
        local key = "session:" .. session
        socket:send("*2\\r\\n$3\\r\\nGET\\r\\n$" .. #key .. "\\r\\n" .. key .. "\\r\\n")
        local length = socket:receive("*l")
        if not length then return ngx.exit(503) end
        length = tonumber(length:sub(2))
        if not length or length < 0 then return ngx.exit(401) end
        local user = socket:receive(length)
        socket:receive(2)
        socket:setkeepalive(60000, 256)
        ngx.req.set_header("Remote-User", user)
      }}
      proxy_pass http://application;
    }}
  }}"""


def start_nginx(run, core, text, upstream=1, log="off", modules="", **values):
    """One worker in one process. Returns its port and its process id."""
    port, folder = rig.free_port(), run.folder
    more = text.format(port=port, **values)
    file = folder / f"nginx-{port}.conf"
    file.write_text(HEAD.format(
        folder=folder, port=port, log=log, more=more, upstream=upstream, modules=modules
    ))
    command = ["nginx", "-p", folder, "-e", folder / f"nginx-{port}.log", "-c", file]
    return port, run.start(core, command, port)


def start_application(run, binaries):
    """What stands behind all of them: answers 1 KiB to everything."""
    if rig.tool_of("nginx"):
        return start_nginx(run, rig.LOAD_CORE, APPLICATION, body="x" * 1024)[0]
    port = rig.free_port()
    run.start(rig.LOAD_CORE, [binaries["upstream"], f"127.0.0.1:{port}"], port)
    return port


def application():
    return rig.version("nginx", "-v") or "bench-upstream (nginx is not installed)"


def start_bare(run, binary, upstream, *options):
    port = rig.free_port()
    command = [binary, f"127.0.0.1:{port}", f"127.0.0.1:{upstream}", *options]
    return {"pid": run.start(rig.PROXY_CORE, command, port), "port": port}


def start_plain(run, upstream, protocol=""):
    """nginx that only forwards."""
    listen = {"": "", "h2c": " http2", "TLS HTTP/1.1": " ssl", "TLS HTTP/2": " ssl http2"}[protocol]
    certificate = ""
    if protocol.startswith("TLS"):
        file, key = run.folder / "site.pem", run.folder / "site.key"
        certificate = f" ssl_certificate {file}; ssl_certificate_key {key};"
    values = {"listen": listen, "certificate": certificate}
    port, pid = start_nginx(run, rig.PROXY_CORE, PLAIN, upstream, **values)
    return {"pid": pid, "port": port}


def start_auth_request(run, upstream):
    log = run.folder / "auth_request.access"
    port, pid = start_nginx(run, rig.PROXY_CORE, AUTH_REQUEST, upstream, log=log)
    return {"pid": pid, "port": port}


def has_lua():
    return all((MODULES / name).exists() for name in LUA_MODULES)


LUA_MODULES = ("ndk_http_module.so", "ngx_http_lua_module.so")


def start_lua(run, upstream):
    """nginx that looks each session up in a Redis on the other core."""
    redis, _ = subject.start_redis(run, run.folder)
    session = secrets.token_urlsafe(48)
    command = ["redis-cli", "-p", redis, "SET", f"session:{session}", subject.ADDRESS]
    rig.on_load_core(command, 5)
    modules = "".join(f"load_module {MODULES / name};" for name in LUA_MODULES)
    log = run.folder / "lua.access"
    port, pid = start_nginx(
        run, rig.PROXY_CORE, LUA, upstream, log=log, modules=modules, redis=redis
    )
    cookie = f"theme=dark; session={session}; _ga=GA1.1.1043279842.1700000000"
    return {"pid": pid, "port": port, "cookie": cookie}
