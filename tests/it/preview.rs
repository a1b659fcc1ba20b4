//! `linkgate preview`: what it writes, and what it leaves alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use mailparse::{MailHeaderMap, ParsedMail};
use tempfile::TempDir;

use crate::support::gallery::preview;

const LANGUAGES: [&str; 5] = ["ar", "de", "en", "es", "fr"];
const MAILS: [&str; 3] = ["mail_new_device", "mail_sign_in", "mail_sign_in_code_alone"];
/// Two sites, of which one has looks of its own.
const BRANDED: &str = r##"
listen: [{ address: "127.0.0.1:8080" }]
store: { memory: {} }
secret: { file: secret }
mail: { from: "Wiki door <door@example.com>", folder: { path: mails } }
languages: [de, en]
brand: { name: "Example & Sons" }
sites:
  - { name: wiki, title: Team wiki, origin: "https://wiki.example.com", upstream: "http://127.0.0.1:3000", allow: [everyone] }
  - name: reports
    origin: "https://*.reports.example.com"
    upstream: "http://127.0.0.1:3001"
    allow: [everyone]
    brand:
      colors: { accent: "#8a1c5b" }
      logo: logo.svg
      texts: { en: { sign-in-title: "Sign in to read reports" } }
      templates: own
"##;

/// The folder of a configuration, and one for the preview below it.
struct Installation(TempDir);

impl Installation {
    fn new(template: &str) -> Self {
        let this = Self(TempDir::new().expect("a folder"));
        fs::create_dir(this.path("own")).expect("a folder");
        for (name, content) in [
            ("linkgate.yaml", BRANDED),
            ("secret", &"a secret of tests, ".repeat(4)),
            ("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h9v9z\"/></svg>"),
            ("own/signed_out.html", template),
        ] {
            fs::write(this.path(name), content).expect("a file");
        }
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn preview(&self, out: &Path) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linkgate"));
        command.arg("preview").arg("-c").arg(self.path("linkgate.yaml")).arg("--out").arg(out);
        command.output().expect("linkgate runs")
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    html.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_page_is_there_and_finds_what_it_loads() {
    let folder = TempDir::new().expect("a folder");
    let said = preview(&["--out", &folder.path().display().to_string()]);
    let index = read(&folder.path().join("index.html"));
    assert!(
        said.contains("pages and mails: ") && said.trim_end().ends_with("index.html"),
        "{said}"
    );
    let pages = values(&index, "href");
    assert!(pages.len() > 65 * LANGUAGES.len(), "{}", pages.len());
    for page in pages {
        let path = folder.path().join(page);
        let text = read(&path);
        if !page.ends_with(".html") || page.contains("/mail_") {
            continue;
        }
        let loads =
            text.split('<').filter(|tag| tag.starts_with("link ") || tag.starts_with("script "));
        let mut loaded = 0;
        for tag in loads {
            let names = [values(tag, "href"), values(tag, "src")].concat();
            let beside = path.parent().expect("a folder").join(names[0]);
            assert!(beside.is_file(), "{page} does not find {}", beside.display());
            loaded += 1;
        }
        assert!(loaded >= 2, "{page} has a style sheet and an icon");
    }
}

#[test]
fn the_brands_of_a_configuration_are_applied() {
    let template = "{% extends \"layout.html\" %}{% block title %}Bye{% endblock %}\
                    {% block main %}<h1>Bye from {{ site.name }}</h1>{% endblock %}";
    let installation = Installation::new(template);
    let out = installation.path("preview");
    for _ in ["a new folder", "the folder of an earlier preview"] {
        let output = installation.preview(&out);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let page = |path: &str| read(&out.join(path));
    let [common, own] = [page("common/en/sign_in.html"), page("site-reports/en/sign_in.html")];
    assert!(common.contains("Sign in to Team wiki") && common.contains(">wiki.example.com<"));
    assert!(common.contains("Example &amp; Sons") && !common.contains("class=\"logo\""));
    assert!(own.contains("Sign in to read reports") && own.contains(">www.reports.example.com<"));
    assert!(own.contains("class=\"logo\"") && own.contains("Example &amp; Sons"));
    assert!(page("site-reports/de/signed_out.html").contains("Bye from reports"));
    assert!(!page("common/de/signed_out.html").contains("Bye from"));
    assert!(page("common/en/check_mail.html").contains("Wiki door &lt;door@example.com&gt;"));
    assert!(page("site-reports/en/mail_sign_in.html").contains("#8a1c5b"));
    let style = values(&own, "href").into_iter().find(|name| name.ends_with(".css")).expect("one");
    assert!(page(&format!("site-reports/en/{style}")).contains("#8a1c5b"));
    assert!(!out.join("common/fr").exists(), "only languages that are offered");
    let index = page("index.html");
    assert!(index.contains("<bdi>Team wiki</bdi>") && index.contains("site-reports/de/"));
}

#[test]
fn a_template_that_does_not_work_is_refused_with_its_place() {
    let installation = Installation::new("<p>fine</p>\n{{ no.such.value }}");
    let output = installation.preview(&installation.path("preview"));
    assert_eq!(output.status.code(), Some(64));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let place = format!("{}:2: ", installation.path("own/signed_out.html").display());
    assert!(told.contains(&place), "{told}");
    assert!(!installation.path("preview").exists(), "nothing was written");
}

#[test]
fn what_is_no_preview_is_left_alone() {
    let installation = Installation::new("<p>{{ site.name }}</p>");
    let own = installation.path("own");
    let output = installation.preview(&own);
    assert_eq!(output.status.code(), Some(64));
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains(&format!("{}: --out: holds files", own.display())), "{told}");
    assert_eq!(fs::read_dir(&own).expect("a folder").count(), 1);
    assert_eq!(read(&own.join("signed_out.html")), "<p>{{ site.name }}</p>");
    let output = installation.preview(&installation.path("secret"));
    assert_eq!(output.status.code(), Some(1), "a file is no folder");
}

/// The mails as programs read them (RFC 5322, RFC 2046, RFC 3834).
#[test]
fn every_mail_is_a_good_message() {
    let folder = TempDir::new().expect("a folder");
    preview(&["--out", &folder.path().display().to_string()]);
    for language in LANGUAGES {
        for name in MAILS {
            let path = folder.path().join(format!("common/{language}/{name}.eml"));
            let raw = fs::read(&path).expect("a mail");
            let mail = mailparse::parse_mail(&raw).expect("a mail");
            let what = format!("{language}/{name}");
            headers(&mail, &what);
            assert_eq!(mail.ctype.mimetype, "multipart/alternative", "{what}");
            let kinds: Vec<_> = mail.subparts.iter().map(|it| it.ctype.mimetype.as_str()).collect();
            assert_eq!(kinds, ["text/plain", "text/html"], "{what}: text comes first");
            for part in &mail.subparts {
                assert_eq!(part.ctype.charset.to_lowercase(), "utf-8", "{what}");
                assert!(part.get_headers().get_first_value("Content-Disposition").is_none());
            }
            let lines = String::from_utf8(raw.clone()).expect("ASCII or UTF-8");
            assert!(!lines.replace("\r\n", "").contains(['\r', '\n']), "{what}");
            assert!(lines.lines().all(|line| line.len() <= 78), "{what}: a long line");
            body(&mail.subparts[1].get_body().expect("HTML"), language, &what);
        }
    }
}

fn headers(mail: &ParsedMail<'_>, what: &str) {
    for (name, start) in [
        ("Date", "Sun, 22 Nov 2026 14:03:00 "),
        ("Message-ID", "<"),
        ("MIME-Version", "1.0"),
        ("From", "\"Staging Sign-in\" <auth@mail.example.com>"),
        ("To", "alice@example.com"),
        ("Subject", ""),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ] {
        let all = mail.headers.get_all_values(name);
        assert!(matches!(&all[..], [one] if one.starts_with(start)), "{what}: {name}: {all:?}");
    }
    let id = mail.headers.get_first_value("Message-ID").expect("one");
    assert!(id.ends_with("@mail.example.com>"), "{what}: {id}");
    let subject = mail.headers.get_first_value("Subject").expect("one");
    assert!(subject.contains("staging.example.com"), "{what}: {subject}");
    assert!(!subject.contains("WDJB"), "{what}: the code is not for locked screens");
    // It is neither a newsletter nor bulk, and asks for no receipt.
    for name in [
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Id",
        "Precedence",
        "Bcc",
        "Cc",
        "Disposition-Notification-To",
        "Return-Receipt-To",
    ] {
        assert!(mail.headers.get_first_value(name).is_none(), "{what}: {name}");
    }
}

fn body(html: &str, language: &str, what: &str) {
    assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"), "{what}");
    assert!(html.len() <= 20 * 1024, "{what}: {} bytes", html.len());
    assert!(html.contains(&format!("<html lang=\"{language}\"")), "{what}");
    for loads in ["src=", "<img", "<link", "<script", "url(", "@import", "background=", "http://"] {
        assert!(!html.contains(loads), "{what}: {loads}");
    }
    for link in values(html, "href") {
        assert!(link.starts_with("https://staging.example.com/"), "{what}: {link}");
        assert!(link.len() <= 120 && !link.contains('?'), "{what}: {link}");
    }
    assert_eq!(html.matches("<style>").count(), 1, "{what}: for dark surroundings alone");
}
