//! Another proxy before linkgate: a real one, with the very file that we tell people to use.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::client::Browser;
use super::gate::{Gate, Wishes, free_port};
use super::{eventually, program};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/conf/forward-auth");
const HOST: &str = "wiki.localhost";
/// A proxy that ends so often has another reason than a port that was taken for a moment.
const ENOUGH: u32 = 20;

/// Which proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    Nginx,
    Caddy,
    Haproxy,
}

/// The proxy, the application behind it, and the linkgate that it asks. Everything ends with it.
pub struct Front {
    /// Its `upstream` is the application, which linkgate does not know.
    pub gate: Gate,
    pub address: SocketAddr,
    /// What browsers send as `Host`.
    pub host: String,
    child: Child,
}

impl Front {
    pub async fn start(make: Make) -> Self {
        Self::with(make, Wishes::default(), None).await
    }

    /// With wishes; `sites:` and `trusted_proxies:` are those of the example, whose `cors_origins`
    /// may be wished for by `sites`. The application is another one than the usual.
    pub async fn with(make: Make, wishes: Wishes, application: Option<SocketAddr>) -> Self {
        let port = free_port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let host = format!("{HOST}:{port}");
        let example = read("linkgate.yaml");
        let (_, sites) = example.split_once("\nsites:").expect("sites");
        let sites = format!("{}{}\n", sites.replace(&format!("{HOST}:8000"), &host), wishes.sites);
        let trusted = "[127.0.0.1]".into();
        let gate = Gate::with(Wishes { sites, trusted, ..wishes }).await;
        let application = application.unwrap_or(gate.upstream.address);
        // All at once: one of the new addresses may begin like an old one (127.0.0.1:30001).
        let places = [
            ("127.0.0.1:8000", address.to_string()),
            ("127.0.0.1:8080", gate.address.to_string()),
            ("127.0.0.1:3000", application.to_string()),
            ("/etc/haproxy", FOLDER.to_owned()),
        ];
        let text = |name: &str| {
            let mut text = read(name).replace(&format!("{HOST}:8000"), &host);
            for (number, (old, _)) in places.iter().enumerate() {
                text = text.replace(old, &format!("\0{number}\0"));
            }
            for (number, (_, new)) in places.iter().enumerate() {
                text = text.replace(&format!("\0{number}\0"), new);
            }
            text
        };
        let mut command = command(make, gate.path("front").as_path(), &text);
        let log = std::fs::File::create(gate.path("front.log")).expect("the log");
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("the log")).stderr(log);
        let mut start = move || {
            command.spawn().unwrap_or_else(|error| {
                panic!("{make:?} does not start: {error}; scripts/needs test installs it")
            })
        };
        let child = start();
        let (mut front, mut ended) = (Self { gate, address, host, child }, 0);
        eventually(&format!("{make:?} to listen"), async || {
            // Another process may have had the port for a moment.
            if front.child.try_wait().ok().flatten().is_some() {
                ended += 1;
                assert!(ended < ENOUGH, "{make:?} ends again and again: {}", front.log());
                front.child = start();
            }
            listens(front.child.id(), port).then_some(())
        })
        .await;
        front
    }

    /// What it has to say.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.gate.path("front.log")).unwrap_or_default()
    }

    /// A browser that talks to this proxy.
    pub fn browser(&self) -> Browser {
        Browser::new(self.address, &self.host)
    }

    /// A browser that somebody is signed in with.
    pub async fn signed_in(&self, address: &str) -> Browser {
        let mut browser = self.browser();
        let landed = self.gate.sign_in(&mut browser, address, "/").await;
        assert_eq!((landed.status, landed.location()), (303, "/"), "{}", self.log());
        browser
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One process in the foreground, with all that it writes in `folder`.
fn command(make: Make, folder: &Path, text: &dyn Fn(&str) -> String) -> Command {
    std::fs::create_dir_all(folder).expect("a folder");
    let place = folder.display();
    let write = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).expect("a file");
        folder.join(name)
    };
    match make {
        Make::Nginx => {
            let kinds = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
            let temporary: String =
                kinds.map(|kind| format!("{kind}_temp_path {place}/{kind};")).concat();
            let own = format!("http {{ access_log off; {temporary}");
            let file = write("nginx.conf", text("nginx.conf").replace("http {", &own));
            let mut command = program("nginx");
            let global = format!("daemon off; master_process off; pid {place}/pid;");
            command.args(["-e", "stderr", "-g", &global, "-c"]).arg(file);
            command
        }
        Make::Caddy => {
            let file = write("Caddyfile", text("Caddyfile"));
            let mut command = program("caddy");
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
            command.envs([
                ("HOME", folder),
                ("XDG_DATA_HOME", folder),
                ("XDG_CONFIG_HOME", folder),
            ]);
            command
        }
        Make::Haproxy => {
            let file = write("haproxy.cfg", text("haproxy.cfg"));
            let mut command = program("haproxy");
            command.args(["-db", "-f"]).arg(file);
            command
        }
    }
}

/// Whether this very process listens at the port: another one may, and answer alike.
fn listens(process: u32, port: u16) -> bool {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap_or_default();
    let place = format!("0100007F:{port:04X}");
    let socket =
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).find_map(|columns| {
            (columns.get(1)? == &place && columns.get(3)? == &"0A").then(|| columns[9].to_owned())
        });
    let Some(socket) = socket else { return false };
    let Ok(open) = std::fs::read_dir(format!("/proc/{process}/fd")) else { return false };
    let wanted = format!("socket:[{socket}]");
    open.flatten()
        .any(|file| std::fs::read_link(file.path()).is_ok_and(|to| to.to_string_lossy() == wanted))
}

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(FOLDER).join(name)).expect("an example")
}

/// Makes of each `async fn(Make)` one test for each proxy.
macro_rules! over_every_front {
    ($($case:ident),+ $(,)?) => {
        $(
            mod $case {
                use crate::support::front::Make;

                #[tokio::test]
                async fn nginx() {
                    super::$case(Make::Nginx).await;
                }

                #[tokio::test]
                async fn caddy() {
                    super::$case(Make::Caddy).await;
                }

                #[tokio::test]
                async fn haproxy() {
                    super::$case(Make::Haproxy).await;
                }
            }
        )+
    };
}
pub(crate) use over_every_front;
