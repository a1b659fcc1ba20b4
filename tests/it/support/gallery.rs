//! Every page and mail of `linkgate preview`, on a loopback server with the product's own headers.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use linkgate::portal::inbox::PAGE_POLICY;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::gate::Gate;

/// Headers that are of one answer, and not of all pages.
const OF_ONE_ANSWER: [&str; 6] =
    ["content-length", "content-type", "connection", "date", "set-cookie", "transfer-encoding"];
/// As the development inbox shows mails: whatever a mail loads would be refused, and complained of.
const MAIL_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The preview, and where it is served.
pub struct Gallery {
    folder: TempDir,
    pub origin: String,
}

impl Gallery {
    /// Runs the command and serves what it has written.
    pub async fn open() -> Self {
        let folder = TempDir::new().expect("a folder");
        preview(&["--out", &folder.path().display().to_string()]);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new((folder.path().to_owned(), headers_of_our_pages().await));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { answer(stream, &shared.0, &shared.1).await });
            }
        });
        Self { folder, origin }
    }

    /// Puts one more page beside the others.
    pub fn add(&self, name: &str, html: &str) {
        std::fs::write(self.folder.path().join(name), html).expect("a file");
    }

    /// The names of all pages, or of all mails, in a language.
    pub fn names(&self, language: &str, is_mail: bool) -> Vec<String> {
        let folder = self.folder.path().join("common").join(language);
        let files = std::fs::read_dir(folder).expect("the language");
        let mut names: Vec<String> = files
            .map(|file| file.expect("a file").file_name().to_string_lossy().into_owned())
            .filter_map(|name| name.strip_suffix(".html").map(str::to_owned))
            .filter(|name| name.starts_with("mail_") == is_mail)
            .collect();
        names.sort();
        names
    }

    /// Where a page is.
    pub fn url(&self, language: &str, name: &str) -> String {
        format!("{}/common/{language}/{name}.html", self.origin)
    }
}

/// Runs `linkgate preview`, which has to work, and returns what it says.
pub fn preview(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_linkgate"))
        .arg("preview")
        .args(arguments)
        .output()
        .expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("words")
}

/// What a real sign-in page comes with: the content security policy above all.
async fn headers_of_our_pages() -> String {
    let gate = Gate::start().await;
    let page = gate.browser().get("/.linkgate/sign-in").await;
    let mut lines = String::new();
    for (name, value) in &page.headers {
        if !OF_ONE_ANSWER.contains(&name.as_str()) {
            write!(lines, "{name}: {value}\r\n").expect("a text");
        }
    }
    assert!(lines.contains("content-security-policy: "), "{lines}");
    lines
}

/// One answer for each connection.
async fn answer(mut stream: TcpStream, folder: &Path, ours: &str) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read_buf(&mut head).await {
            Ok(read) if read > 0 && head.len() < 64 * 1024 => {}
            _ => return,
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    let (status, kind, body) = match std::fs::read(folder.join(&path)) {
        Ok(body) => ("200 OK", kind(&path), body),
        // The page that waits asks for its state.
        Err(_) if path.ends_with("/wait") => {
            ("200 OK", "application/json", b"{\"state\":\"waiting\"}".to_vec())
        }
        Err(_) => ("404 Not Found", "text/plain", Vec::new()),
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    let policy = |policy: &str| format!("content-security-policy: {policy}\r\n");
    let headers = match name {
        _ if name.starts_with("mail_") => policy(MAIL_POLICY),
        _ if name.starts_with("inbox") => policy(PAGE_POLICY),
        _ => ours.to_owned(),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{headers}\
         connection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

/// The scripts that look at a page: axe, and ours for what it does not measure.
pub fn lookers() -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/axe");
    let run = |arguments: &[&str]| Command::new(&script).args(arguments).output().expect("bash");
    assert!(
        run(&["--is-here"]).status.success(),
        "these tests need axe-core: run scripts/axe once"
    );
    let path = String::from_utf8(run(&[]).stdout).expect("a path");
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let axe = std::fs::read_to_string(root.join(path.trim())).expect("axe-core");
    format!("{axe}\n{}", include_str!("look.js"))
}
