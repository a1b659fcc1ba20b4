//! A linkgate process on free ports, with a mailbox in a folder.

mod wishes;

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::client::{Answer, Browser, raw};
pub use super::mail::Mail;
pub use super::port::free_port;
use super::upstream::Upstream;
use super::{eventually, folder, processes};
pub use wishes::Wishes;

/// What is shown of the log of one whose test failed.
const LAST_LINES: usize = 40;

/// A running linkgate, an application behind it, and its mailbox. Everything ends with it.
pub struct Gate {
    pub upstream: Upstream,
    pub address: SocketAddr,
    pub admin: SocketAddr,
    /// What browsers send as `Host`.
    pub host: String,
    pub origin: String,
    folder: TempDir,
    child: Option<Child>,
    wishes: Wishes,
}

impl Gate {
    /// Starts with the usual site and the memory store.
    pub async fn start() -> Self {
        Self::with(Wishes::default()).await
    }

    /// Starts with wishes.
    pub async fn with(wishes: Wishes) -> Self {
        let upstream = Upstream::start().await;
        let folder = folder();
        let (port, admin) = (free_port(), free_port());
        let mut gate = Self {
            upstream,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            admin: SocketAddr::from((Ipv4Addr::LOCALHOST, admin)),
            host: format!("app.localhost:{port}"),
            origin: format!("http://app.localhost:{port}"),
            folder,
            child: None,
            wishes,
        };
        if !gate.wishes.own_secret {
            let secret = "a secret of tests, ".repeat(4);
            std::fs::write(gate.path("secret"), secret).expect("the secret");
        }
        std::fs::write(gate.path("linkgate.yaml"), gate.wishes.configuration(&gate))
            .expect("the file");
        gate.run().await;
        gate
    }

    /// Whether one process has the store open, and commands speak to it.
    pub fn is_alone(&self) -> bool {
        !self.wishes.store.contains("redis")
    }

    /// Whether the store outlives the process.
    pub fn keeps_its_store(&self) -> bool {
        !self.wishes.store.contains("memory")
    }

    /// A file in this gate's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the process (again) and waits until it answers.
    pub async fn run(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .expect("the log");
        let mut program = PathBuf::from(env!("CARGO_BIN_EXE_linkgate"));
        if self.wishes.own_program {
            let link = self.path("linkgate");
            let _ = std::os::unix::fs::symlink(&program, &link);
            program = link;
        }
        let child = Command::new(program)
            .args(["serve", "-c"])
            .arg(self.path("linkgate.yaml"))
            .envs(self.wishes.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log"))
            .stderr(log)
            .spawn()
            .expect("linkgate starts");
        self.child = Some(child);
        let mut child = self.child.take();
        eventually("linkgate listens", async || {
            let ended = child.as_mut().and_then(|child| child.try_wait().ok().flatten());
            assert!(ended.is_none(), "linkgate stopped: {}", read(&self.path("log")));
            // An answer of each: a mere connection may be one with the moment in which linkgate looks
            // whether the port is free, and the two begin to listen one after the other.
            let settings = greet(self.address).await.ok()?;
            (settings[3] == SETTINGS && self.ready().await.status > 0).then_some(())
        })
        .await;
        self.child = child;
    }

    /// Ends the process at once, as `kill -9` does.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Every process that serves this configuration: the one that was started, and those that have taken
    /// over. The folder has a name of its own, so they are ours.
    pub fn processes(&self) -> Vec<u32> {
        processes::serving(&self.path("linkgate.yaml"))
    }

    /// The code with which the process that was started has ended.
    pub async fn code(&mut self) -> Option<i32> {
        let mut child = self.child.take().expect("a process");
        let status =
            eventually("the process has ended", async || child.try_wait().ok().flatten()).await;
        status.code()
    }

    /// Changes the configuration file, as an editor does: another file in its place.
    pub fn edit(&self, from: &str, to: &str) {
        let file = self.path("linkgate.yaml");
        let text = read(&file);
        assert!(text.contains(from), "{from:?} is not in {text}");
        let new = self.path("linkgate.yaml.new");
        std::fs::write(&new, text.replace(from, to)).expect("the new file");
        std::fs::rename(new, file).expect("in its place");
    }

    /// As [`Gate::edit`], and waits until that is in force.
    pub async fn change(&self, from: &str, to: &str) {
        const WORDS: &str = "the configuration was read again and is in force";
        let times = || self.log().matches(WORDS).count();
        let before = times();
        self.edit(from, to);
        eventually(WORDS, async || (times() > before).then_some(())).await;
    }

    /// What `/readyz` says.
    pub async fn ready(&self) -> Answer {
        let request =
            format!("GET /readyz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.admin);
        raw(self.admin, request.as_bytes()).await
    }

    /// Runs a command with this gate's configuration, beside the process if there is one.
    pub fn operator(&self, arguments: &[&str]) -> Told {
        self.operator_types(arguments, "")
    }

    /// The same with something on its standard input.
    pub fn operator_types(&self, arguments: &[&str], typed: &str) -> Told {
        let mut child = Command::new(env!("CARGO_BIN_EXE_linkgate"))
            .args(arguments)
            .arg("-c")
            .arg(self.path("linkgate.yaml"))
            .envs(self.wishes.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("linkgate starts");
        // Most commands read nothing, and may have ended.
        let _ = child.stdin.take().expect("a pipe").write_all(typed.as_bytes());
        let output = child.wait_with_output().expect("it ends");
        Told {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Says how it was when a test failed.
    #[expect(clippy::print_stderr, reason = "it is for whoever reads why a test failed")]
    fn tell(&mut self) {
        let ended = self.child.as_mut().map(Child::try_wait);
        let log = read(&self.path("log"));
        let lines: Vec<_> = log.lines().rev().take(LAST_LINES).collect();
        eprintln!("linkgate: {ended:?}; the end of its log:");
        lines.iter().rev().for_each(|line| eprintln!("  {line}"));
    }

    /// The process id, to send it a signal.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// The whole lines that it has logged so far. It logs beside the requests, so the last ones may
    /// not be there yet; see [`Gate::whole_log`].
    pub fn log(&self) -> String {
        let mut log = read(&self.path("log"));
        log.truncate(log.rfind('\n').map_or(0, |end| end + 1));
        log
    }

    /// Everything that it has to say of what has happened until now: waits for the line of one more
    /// request.
    pub async fn whole_log(&self) -> String {
        // A method of its own is logged whatever the site, and refused or passed it does no harm.
        let letters = self.log().len().to_string();
        let letters: String =
            letters.bytes().map(|digit| char::from(digit - b'0' + b'A')).collect();
        let fence = format!("FENCE-{letters}");
        let request = format!("{fence} / HTTP/1.1\r\nHost: {}\r\n\r\n", self.host);
        raw(self.address, request.as_bytes()).await;
        let marker = format!("\"{fence}\"");
        eventually("the log is whole", async || {
            Some(self.log()).filter(|log| log.contains(&marker))
        })
        .await
    }

    pub fn browser(&self) -> Browser {
        Browser::new(self.address, &self.host)
    }

    /// All mails so far, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        let Ok(folder) = std::fs::read_dir(self.path("mails")) else { return Vec::new() };
        let mut files: Vec<_> = folder
            .filter_map(Result::ok)
            .filter(|file| file.path().extension().is_some_and(|ending| ending == "eml"))
            .map(|file| (file.metadata().and_then(|it| it.modified()).ok(), file.path()))
            .collect();
        files.sort();
        files.iter().map(|(_, path)| Mail::read(path)).collect()
    }

    /// Waits for mail number `count` to this address, and returns it.
    pub async fn mail(&self, to: &str, count: usize) -> Mail {
        let what = format!("mail {count} to {to}");
        let comes = eventually(&what, async || {
            let mails = self.mails().into_iter().filter(|mail| mail.to == to);
            mails.collect::<Vec<_>>().into_iter().nth(count - 1)
        });
        match tokio::time::timeout(Duration::from_secs(9), comes).await {
            Ok(mail) => mail,
            Err(_) => panic!("no {what}; linkgate says:\n{}", self.log()),
        }
    }

    /// Asks for a mail from a browser.
    pub async fn ask(&self, browser: &mut Browser, address: &str, return_to: &str) -> Answer {
        browser.post("/.linkgate/sign-in", &[("email", address), ("return_to", return_to)]).await
    }

    /// The events of a person of one kind, once there are so many, the oldest first.
    pub async fn recorded(&self, email: &str, event: &str, count: usize) -> Vec<serde_json::Value> {
        eventually(&format!("{event} of {email} is in the record"), async || {
            let told = self.operator(&["audit", "--email", email, "--event", event, "--json"]);
            let told = told.done();
            let events = told.lines().map(|line| serde_json::from_str(line).expect("an event"));
            Some(events.collect::<Vec<_>>()).filter(|events| events.len() >= count)
        })
        .await
    }

    /// Signs a browser in with the link, and returns the answer to the click.
    pub async fn sign_in(&self, browser: &mut Browser, address: &str, return_to: &str) -> Answer {
        let before = self.mails().iter().filter(|mail| mail.to == address).count();
        let asked = self.ask(browser, address, return_to).await;
        assert_eq!(asked.status, 303, "{}", asked.text());
        let mail = self.mail(address, before + 1).await;
        browser.get(&mail.link()).await
    }
}

/// The kind of frame with which HTTP/2 begins (RFC 9113, 6.5).
const SETTINGS: u8 = 4;

/// The head of the first frame that somebody gets who speaks HTTP/2. It is no request, so the log has
/// nothing of it.
async fn greet(address: SocketAddr) -> std::io::Result<[u8; 9]> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    let mut head = [0; 9];
    stream.read_exact(&mut head).await?;
    Ok(head)
}

/// What a command has said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Told {
    /// It worked; what it printed.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!((self.code, &*self.err), (0, ""), "{}", self.out);
        self.out
    }

    /// It worked, and answered with JSON.
    #[track_caller]
    pub fn json(self) -> serde_json::Value {
        serde_json::from_str(&self.done()).expect("JSON")
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.tell();
        }
        self.kill();
        for process in self.processes() {
            let _ = Command::new("kill").args(["-9", &process.to_string()]).status();
        }
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}
