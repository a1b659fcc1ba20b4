//! The configuration as an operator meets it.

mod audit;
mod bad;
mod brand;
mod disclosure;
mod essentials;
mod good;
mod hooks;
mod mail;
mod people;
mod redis;
mod rules;
mod secrets;
mod signing_in;
mod traces;
mod warnings;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Config, Environment, Problems};

/// A machine on which all is as the test says.
#[derive(Default)]
struct TestEnvironment {
    variables: HashMap<String, String>,
    files: HashMap<PathBuf, Vec<u8>>,
    open_files: Vec<PathBuf>,
}

impl TestEnvironment {
    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Lets others read a file.
    fn open(mut self, path: &str) -> Self {
        self.open_files.push(path.into());
        self
    }

    fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }
}

impl Environment for TestEnvironment {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, path: &Path) -> io::Result<()> {
        match self.files.keys().any(|file| file.parent() == Some(path)) {
            true => Ok(()),
            false if self.files.contains_key(path) => Err(io::ErrorKind::NotADirectory.into()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn is_open_to_others(&self, path: &Path) -> bool {
        self.open_files.iter().any(|open| open == path)
    }
}

/// The smallest certificate authority: itself.
fn certificate(name: &str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

fn logo(inside: &str) -> String {
    format!("<svg xmlns=\"http://www.w3.org/2000/svg\">{inside}</svg>")
}

/// The key of RFC 8463, appendix A.
const DKIM_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
    -----END PRIVATE KEY-----\n";

fn machine() -> TestEnvironment {
    let (certificate_pem, key_pem) = certificate("wiki.example.com");
    let (_, other_key) = certificate("other.example.com");
    TestEnvironment::default()
        .variable("SMTP_PASSWORD", "open sesame")
        .variable("LINKGATE_REDIS_URL", "redis://:hunter2@redis.example.com:6379")
        .variable("REDIS_SENTINELS", "rediss+sentinel://gate:hunter2@a,b:26380,[::1]/main/2")
        .variable("REDIS_CLUSTER", "rediss://gate:hunter2@a, rediss://gate:hunter2@b:7000")
        .variable("REDIS_SEEDS", "redis+cluster://gate:hunter2@a,b:7000")
        .variable("REDIS_TWO_LOGINS", "redis://:hunter2@a,redis://:hunter3@b")
        .variable("REDIS_MIXED", "redis://:hunter2@a,rediss://:hunter2@b")
        .variable("REDIS_DATABASE", "redis://:hunter2@a/1,redis://:hunter2@b/1")
        .variable("REDIS_COMMAS", "redis://:hunter2@a,b")
        .variable("REDIS_BOTH", "redis://:hunter2@a,redis+cluster://:hunter2@b")
        .variable("REDIS_INSECURE", "rediss://:hunter2@a/#insecure")
        .variable("LINKGATE_SECRET", "0123456789abcdef0123456789abcdef")
        .variable("SHORT_SECRET", "too short")
        .variable("EMPTY_ONE", "")
        .variable("TWO_LINES", "one\ntwo")
        .file("etc/site.pem", certificate_pem)
        .file("etc/site.key", key_pem)
        .file("etc/other.key", other_key)
        .file(
            "etc/locked.key",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        )
        .file("etc/junk.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .file("etc/note.txt", "hello")
        .file("etc/logo.svg", logo("<path d=\"M0 0h9\"/>"))
        .file("etc/bom.svg", format!("\u{feff}{}", logo("")))
        .file("etc/script.svg", logo("<script>alert(1)</script>"))
        .file("etc/full.svg", logo(&" ".repeat(4096 - logo("").len())))
        .file("etc/large.svg", logo(&" ".repeat(4097 - logo("").len())))
        .file("etc/photo.svg", [0xff, 0xd8, 0xff])
        .file("etc/groups.yaml", "staff: [\"@example.com\"]\nadmins: [bob@partner.example]\n")
        .file("etc/bad-groups.yaml", "staff: [everyone]\na b: [x@example.com]\n")
        .file("etc/empty-groups.yaml", "staff:\n# - \"@example.com\"\nadmins: []\n")
        .file("etc/list.yaml", "- staff\n")
        .variable("MAIL_TOKEN", "to-ken")
        .variable("BLANK_TOKEN", "to ken")
        .file("etc/dkim.pem", DKIM_KEY)
        .variable("ADMIN_TOKEN", "0123456789abcdef0123456789abcdef")
        .file("etc/pages/sign-in.html", "hello")
        .file("etc/other/sign-in.html", "hello")
}

fn parse(text: &str) -> Result<Config, Problems> {
    Config::parse(text, "etc/linkgate.yaml", Path::new("etc"), &machine())
}

const BASE: &str = "\
listen: [{ address: \"127.0.0.1:8080\" }]
store: { embedded: { path: data } }
mail:
  from: Example <login@example.com>
  inbox: { listen: \"127.0.0.1:8025\" }
groups:
  admins: [alice@example.com]
sites:
  - name: wiki
    origin: https://wiki.example.com
    upstream: http://127.0.0.1:3000
    allow: [\"@example.com\"]
";

/// [`BASE`] with one passage replaced, which must be there.
fn edited(from: &str, to: &str) -> String {
    assert!(from.is_empty() || BASE.contains(from), "{from}");
    if from.is_empty() { format!("{BASE}{to}") } else { BASE.replacen(from, to, 1) }
}

/// The addresses, hosts, URLs and paths in a text, but for those that messages have as examples.
fn said(text: &str) -> Vec<&str> {
    let is_part = |letter: char| letter.is_alphanumeric() || "@.:/*_-".contains(letter);
    let words =
        text.split(|letter| !is_part(letter)).map(|word| word.trim_matches([':', '.', '-']));
    let is_telling = |word: &&str| word.len() > 3 && word.contains(['@', '.', '/']);
    words.filter(is_telling).filter(|word| !["example.com", "https://*"].contains(word)).collect()
}

/// What each mistake is answered with, without a value in its first words. Every mistake has a place within the file.
///
/// A case is what is wrong, the passage of [`BASE`] that is replaced (nothing: appended), and by
/// what.
fn report(cases: &[(&str, &str, &str)]) -> String {
    let mut report = String::new();
    for (what, from, to) in cases {
        let text = edited(from, to);
        let problems = match parse(&text) {
            Ok(_) => panic!("{what}: was accepted"),
            Err(problems) => problems,
        };
        let lines = text.lines().count() as u64 + 1;
        for problem in problems.iter() {
            let place = problem.place.unwrap_or_else(|| panic!("{what}: {problem}"));
            assert!((1..=lines).contains(&place.line) && place.column > 0, "{what}: {problem}");
            let (said, told) = (said(&text), problem.fault.what.as_str());
            let repeated = said.into_iter().find(|said| told.contains(said));
            assert_eq!(repeated, None, "{what} repeats what the file says: {problem}");
        }
        report.push_str(&format!("── {what}\n{problems}\n"));
    }
    report
}
