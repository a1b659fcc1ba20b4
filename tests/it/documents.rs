//! Every configuration that the README and `docs/` show is one that `linkgate check` takes, and what
//! it says under `tests:` comes true.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};
use tempfile::TempDir;

use crate::support::certificates::Certificates;

/// One YAML example of a document.
struct Example {
    document: String,
    line: usize,
    text: String,
}

impl Example {
    /// The file that it is a part of: named by a first line like `# groups.yaml`, or linkgate's own.
    fn file(&self) -> &str {
        let first = self.text.lines().next().unwrap_or_default();
        first.strip_prefix("# ").filter(|name| name.ends_with(".yaml")).unwrap_or("linkgate.yaml")
    }
}

#[test]
fn every_configuration_that_is_shown_works() {
    let examples = examples();
    assert!(examples.len() > 25, "only {} examples were found", examples.len());
    let mut wrong = String::new();
    for document in examples.chunk_by(|one, next| one.document == next.document) {
        let folder = folder(document);
        for example in document.iter().filter(|example| example.file() == "linkgate.yaml") {
            let (code, told) = check(folder.path(), &completed(&example.text));
            if code != Some(0) || told.lines().count() != 1 {
                let _ = writeln!(wrong, "{}:{}:\n{told}", example.document, example.line);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_wrong_example_would_be_found() {
    let folder = folder(&[]);
    for (text, told) in [
        ("sites:\n  - { name: wiki, alow: [everyone] }", "did you mean"),
        (
            "sites:\n  - { name: wiki }\ntests: [GET https://wiki.example.com/ -> public]",
            "tests[0]",
        ),
        ("sites:\n  - { name: wiki, rules: [{ path: /a/**, access: deny }] }", "says nothing of"),
    ] {
        let (code, text) = check(folder.path(), &completed(text));
        assert!(text.contains(told) && (code != Some(0) || text.lines().count() > 1), "{text}");
    }
}

fn examples() -> Vec<Example> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).expect("docs");
    let documents = docs.map(|entry| entry.expect("an entry").path());
    let mut documents: Vec<PathBuf> =
        documents.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect();
    documents.push(root.join("README.md"));
    documents.sort();
    documents.iter().flat_map(|path| examples_of(path)).collect()
}

fn examples_of(path: &Path) -> Vec<Example> {
    let text = fs::read_to_string(path).expect("a document");
    let document = path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut examples: Vec<Example> = Vec::new();
    let mut open = false;
    for (index, line) in text.lines().enumerate() {
        match line.trim() {
            "```yaml" => {
                let (document, text) = (document.clone(), String::new());
                examples.push(Example { document, line: index + 2, text });
                open = true;
            }
            "```" => open = false,
            _ if open => {
                let example = examples.last_mut().expect("an example");
                example.text.extend([line, "\n"]);
            }
            _ => {}
        }
    }
    examples
}

/// A folder with the files that examples speak of.
fn folder(document: &[Example]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let certificates = Certificates::of(&["wiki.example.com"]);
    let logo = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>"##;
    for (path, text) in [
        ("certs/site.pem", certificates.certificate.as_str()),
        ("certs/site.key", &certificates.key),
        ("certs/redis-ca.pem", &certificates.authority),
        ("certs/redis-client.pem", &certificates.certificate),
        ("certs/redis-client.key", &certificates.key),
        ("brand/logo.svg", logo),
        // The key of RFC 8463, appendix A.
        (
            "data/dkim-rsa.pem",
            "-----BEGIN PRIVATE KEY-----\n\
             MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
             -----END PRIVATE KEY-----\n",
        ),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        // Of a secret that others can read there is a warning.
        fs::set_permissions(path, PermissionsExt::from_mode(0o600)).expect("its mode");
    }
    for example in document.iter().filter(|example| example.file() != "linkgate.yaml") {
        fs::write(folder.path().join(example.file()), &example.text).expect("a file");
    }
    folder
}

/// An example with what it leaves out, so that each shows what it is about alone.
fn completed(text: &str) -> String {
    let base = "listen: [{ address: \"127.0.0.1:8080\" }]
store: { memory: {} }
mail: { from: login@example.com, folder: { path: mails } }
groups: { admins: [alice@example.com] }
sites: [{ name: wiki }]
";
    let mut file: Map<String, Value> = serde_yaml::from_str(text).expect("a map");
    fill(&mut file, serde_yaml::from_str(base).expect("a map"));
    for site in file["sites"].as_array_mut().expect("a list") {
        let site = site.as_object_mut().expect("a map");
        let name = site["name"].as_str().expect("a name");
        let origin = format!("origin: https://{name}.example.com\n");
        let rest = "upstream: http://127.0.0.1:3000\nallow: [\"@example.com\"]\n";
        fill(site, serde_yaml::from_str(&(origin + rest)).expect("a map"));
    }
    // `upstream: none` needs the proxy that asks.
    if text.contains("upstream: none") {
        fill(&mut file, serde_yaml::from_str("trusted_proxies: [127.0.0.1]").expect("a map"));
    }
    // JSON is YAML, too (YAML 1.2, 1.2).
    serde_json::to_string_pretty(&file).expect("JSON")
}

fn fill(map: &mut Map<String, Value>, more: Map<String, Value>) {
    for (key, value) in more {
        let _: &mut Value = map.entry(key).or_insert(value);
    }
}

fn check(folder: &Path, text: &str) -> (Option<i32>, String) {
    fs::write(folder.join("linkgate.yaml"), text).expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_linkgate"));
    command.current_dir(folder).args(["check", "-c", "linkgate.yaml"]).env("SMTP_PASSWORD", "x");
    command.env("POSTMARK_TOKEN", "x");
    command.env("LINKGATE_REDIS_URL", "rediss://linkgate:x@redis.example.com");
    command.env("LINKGATE_SECRET", "a secret of the tests of documents");
    let told = command.output().expect("linkgate runs");
    let text = String::from_utf8([told.stdout, told.stderr].concat()).expect("text");
    (told.status.code(), text)
}
