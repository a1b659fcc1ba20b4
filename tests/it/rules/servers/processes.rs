//! nginx and Caddy, as processes of the test.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::support::gate::free_port;
use crate::support::{eventually, program};

/// The running servers. Killed when dropped.
pub struct Servers {
    /// Each with its name.
    pub addresses: Vec<(&'static str, SocketAddr)>,
    processes: Vec<Child>,
    _folder: TempDir,
}

impl Servers {
    /// Starts nginx and Caddy with these files, and before an application.
    pub async fn start(files: &[&str], app: SocketAddr) -> Self {
        for _ in 0..5 {
            // Somebody may take a port before the server does: then others are tried.
            if let Some(servers) = Self::try_start(files, app).await {
                return servers;
            }
        }
        panic!("nginx or Caddy stopped in five tries");
    }

    async fn try_start(files: &[&str], app: SocketAddr) -> Option<Self> {
        let folder = TempDir::new().expect("a folder");
        let root = folder.path().join("root");
        for file in files {
            let path = root.join(file.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, format!("file {file}")).expect("a file");
        }
        let names = ["nginx", "nginx-slashes", "nginx-proxy", "nginx-raw", "caddy", "caddy-proxy"];
        let addresses = names.map(|name| (name, (Ipv4Addr::LOCALHOST, free_port()).into()));
        let at = addresses.map(|(_, address)| address);
        let processes = vec![nginx(folder.path(), at, app), caddy(folder.path(), at, app)];
        let mut servers = Self { addresses: addresses.to_vec(), processes, _folder: folder };
        for (name, address) in addresses {
            let what = format!("{name} to listen or to give up");
            let is_up = eventually(&what, async || {
                let ended = |process: &mut Child| !matches!(process.try_wait(), Ok(None));
                if servers.processes.iter_mut().any(ended) {
                    return Some(false);
                }
                TcpStream::connect(address).await.ok().map(|_| true)
            });
            if !is_up.await {
                return None;
            }
        }
        Some(servers)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Static files, static files without merging of slashes, and two ways to pass a path on: as nginx
/// understands it, and as it came.
fn nginx(folder: &Path, addresses: [SocketAddr; 6], app: SocketAddr) -> Child {
    let at = folder.display();
    let [files, slashes, proxy, raw, ..] = addresses;
    // One process, so that it runs as who runs the tests and ends when it is killed.
    let text = format!(
        "daemon off;\nmaster_process off;\npid {at}/nginx.pid;\nerror_log stderr crit;\n\
         events {{}}\nhttp {{\naccess_log off;\nclient_body_temp_path {at}/a;\n\
         proxy_temp_path {at}/b;\nfastcgi_temp_path {at}/c;\nuwsgi_temp_path {at}/d;\n\
         scgi_temp_path {at}/e;\nroot {at}/root;\n\
         server {{ listen {files}; }}\n\
         server {{ listen {slashes}; merge_slashes off; }}\n\
         server {{ listen {proxy}; location / {{ proxy_pass http://{app}/; }} }}\n\
         server {{ listen {raw}; location / {{ proxy_pass http://{app}; }} }}\n}}\n"
    );
    let file = folder.join("nginx.conf");
    std::fs::write(&file, text).expect("a file");
    let mut command = program("nginx");
    command.arg("-p").arg(folder).arg("-e").arg("stderr").arg("-c").arg(file);
    start(command, "nginx", "nginx-light")
}

/// Static files, and a reverse proxy.
fn caddy(folder: &Path, addresses: [SocketAddr; 6], app: SocketAddr) -> Child {
    let at = folder.display();
    let [.., files, proxy] = addresses.map(|address| address.port());
    let text = format!(
        "{{\nadmin off\nauto_https off\nlog {{\noutput discard\n}}\n}}\n\
         :{files} {{\nbind 127.0.0.1\nroot * {at}/root\nfile_server\n}}\n\
         :{proxy} {{\nbind 127.0.0.1\nreverse_proxy {app}\n}}\n"
    );
    let file = folder.join("Caddyfile");
    std::fs::write(&file, text).expect("a file");
    let mut command = program("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
    for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env(variable, folder);
    }
    start(command, "caddy", "caddy")
}

fn start(mut command: Command, name: &str, package: &str) -> Child {
    let (input, output) = (Stdio::null(), Stdio::null());
    match command.stdin(input).stdout(output).stderr(Stdio::null()).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("this test needs {name}: install it (Debian: {package})")
        }
        Err(error) => panic!("{name} does not start: {error}"),
    }
}
