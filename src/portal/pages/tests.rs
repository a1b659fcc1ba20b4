//! Every page in every state: as a snapshot, for its structure, its weight and its escaping.

mod samples;

use super::*;
use samples::{NASTY, hostile, samples};

fn pages() -> Pages {
    let brand = Brand {
        operator: Some("Example Ltd".to_owned()),
        help_url: Some("mailto:help@example.com".to_owned()),
    };
    Pages::new("/.linkgate", &brand).unwrap()
}

/// Names of assets change with their content; snapshots of pages should not.
fn steady(pages: &Pages, body: &str) -> String {
    body.replace(&pages.assets().stylesheet().name, "linkgate.css")
        .replace(&pages.assets().script().name, "linkgate.js")
        .replace(&pages.assets().icon().name, "linkgate.svg")
}

#[test]
fn every_page() {
    let pages = pages();
    for (name, html) in samples(&pages) {
        let text = format!("{}\n{}", html.status, steady(&pages, &html.body));
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn every_page_has_one_heading_a_title_and_nothing_inline() {
    let pages = pages();
    for (name, html) in samples(&pages) {
        let body = &html.body;
        for (part, times) in [
            ("<h1>", 1),
            ("<title>", 1),
            ("<main", 1),
            ("lang=\"en\"", 1),
            ("name=\"viewport\" content=\"width=device-width, initial-scale=1\"", 1),
            ("name=\"robots\" content=\"noindex\"", 1),
            ("name=\"color-scheme\" content=\"light dark\"", 1),
            ("rel=\"stylesheet\"", 1),
            ("rel=\"icon\"", 1),
            ("<style", 0),
            (" style=", 0),
            (" onclick=", 0),
            (" onload=", 0),
            (" onsubmit=", 0),
            ("javascript:", 0),
            ("og:", 0),
            ("<img", 0),
        ] {
            assert_eq!(body.matches(part).count(), times, "{name}: {part}");
        }
        assert_eq!(body.matches("<script").count(), body.matches("<script src=").count(), "{name}");
        assert!(!body.contains(">none<") && !body.contains("undefined"), "{name}");
        let title = body.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
        assert!(title.len() > 5 && !title.contains('\n') && !title.starts_with(' '), "{name}");
    }
}

#[test]
fn an_error_at_a_field_is_tied_to_it_and_named_in_the_title() {
    let pages = pages();
    let mut seen = 0;
    for (name, html) in samples(&pages) {
        let wrong = html.status == StatusCode::UNPROCESSABLE_ENTITY;
        assert_eq!(html.body.contains("<title>Error: "), wrong, "{name}");
        assert_eq!(html.body.contains("aria-invalid=\"true\""), wrong, "{name}");
        if let Some(rest) = html.body.split("aria-describedby=\"").nth(1) {
            let id = rest.split('"').next().unwrap();
            assert!(html.body.contains(&format!("class=\"problem\" id=\"{id}\">")), "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn every_error_page_has_a_reference() {
    let pages = pages();
    for (name, html) in samples(&pages) {
        let error = html.status.is_client_error() || html.status.is_server_error();
        let at_field = html.status == StatusCode::UNPROCESSABLE_ENTITY;
        let ended = name == "request_ended_by_code";
        if error && !at_field && !ended {
            assert!(html.body.contains("class=\"reference\""), "{name}");
        }
    }
}

#[test]
fn hostile_values_stay_text() {
    let pages = pages();
    for (name, html) in hostile(&pages) {
        assert_eq!(html.status.as_u16() / 100 == 5, name.starts_with("upstream"), "{name}");
        assert!(!html.body.contains("<b>"), "{name}");
        assert!(!html.body.contains("</title><"), "{name}");
        assert!(!html.body.contains("\"'"), "{name}");
        assert!(html.body.contains("&lt;b&gt;"), "{name}: {NASTY} is shown nowhere");
    }
}

#[test]
fn a_page_fits_the_first_flight() {
    let pages = pages();
    let css = pages.assets().stylesheet().bytes.len();
    let script = pages.assets().script().bytes.len();
    // Plain bytes; such text shrinks to a third, so this is below 14 KiB on the wire.
    assert!(css <= 10 * 1024 && script <= 5 * 1024, "{css} {script}");
    for (name, html) in samples(&pages) {
        assert!(html.body.len() <= 6 * 1024, "{name}: {}", html.body.len());
    }
}

#[test]
fn a_page_that_cannot_be_rendered_is_an_internal_error() {
    #[derive(Serialize)]
    struct Broken;
    impl Page for Broken {
        fn template(&self) -> &'static str {
            "no such template"
        }
    }
    let html = Broken.render(&pages());
    assert_eq!(html.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(html.body.contains("Something went wrong"));
}

/// Every page finds its style sheet beside it when it is written to a folder. To look at them in a
/// browser, name the folder: `LINKGATE_LOOK=/some/folder cargo test --lib written_out`.
#[test]
fn every_page_written_out_finds_its_style_sheet() {
    let own = tempfile::tempdir().unwrap();
    let wished = std::env::var_os("LINKGATE_LOOK").map(std::path::PathBuf::from);
    let folder = wished.as_deref().unwrap_or(own.path());
    let pages = pages();
    for asset in [pages.assets().stylesheet(), pages.assets().script(), pages.assets().icon()] {
        std::fs::write(folder.join(&asset.name), asset.bytes).unwrap();
    }
    for (name, html) in samples(&pages) {
        let body = html.body.replace("/.linkgate/assets/", "");
        let (_, rest) = body.split_once("rel=\"stylesheet\" href=\"").unwrap();
        let (sheet, _) = rest.split_once('"').unwrap();
        assert!(folder.join(sheet).exists(), "{name}: {sheet}");
        std::fs::write(folder.join(format!("{name}.html")), body).unwrap();
    }
}
