//! Every page in every state and every language: as a snapshot, for its structure, its weight, its
//! words and its escaping.

mod access;
mod weight;
mod wording;

use std::sync::Arc;

use super::samples::{NASTY, Viewer, show_all, show_hostile};
use super::*;
use crate::portal::brand::Brand;

/// The name of a sample, and what became of it.
type Named = (String, Html);

fn pages() -> Arc<Pages> {
    let brand = Brand {
        operator: Some("Example Ltd".to_owned()),
        help_url: Some("mailto:help@example.com".to_owned()),
        ..Brand::default()
    };
    let branding = Branding::read(brand, &Language::ALL).unwrap();
    Arc::new(Pages::new("/.linkgate", Arc::new(branding)).unwrap())
}

/// Renders what it is shown.
struct Rendering {
    look: Look,
    all: Vec<Named>,
}

impl Viewer for Rendering {
    fn view<P: Page>(&mut self, name: &str, page: &P) {
        self.all.push((name.to_owned(), page.render(&self.look)));
    }
}

fn rendering(pages: &Arc<Pages>, language: Language) -> Rendering {
    let here = "/.linkgate/sign-in?return_to=%2Freports%2F42".to_owned();
    Rendering { look: Look { pages: Arc::clone(pages), language, here }, all: Vec::new() }
}

/// Every page and state in a language, with those of last resort.
fn samples(pages: &Arc<Pages>, language: Language) -> Vec<Named> {
    let mut rendering = rendering(pages, language);
    show_all(&mut rendering);
    let mut all = rendering.all;
    let last = pages.last_resort();
    all.push(("last_resort_store_down".to_owned(), last.store_down(language, "7f3a-91c2")));
    all.push(("last_resort_internal".to_owned(), last.internal(language, "7f3a-91c2")));
    all
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
    for (name, html) in samples(&pages, Language::English) {
        let text = format!("{}\n{}", html.status, steady(&pages, &html.body));
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn no_two_samples_have_one_name() {
    let mut names: Vec<String> =
        samples(&pages(), Language::English).into_iter().map(|(name, _)| name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn every_error_page_has_a_reference() {
    for (name, html) in samples(&pages(), Language::English) {
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
    for language in Language::ALL {
        let mut rendering = rendering(&pages, language);
        show_hostile(&mut rendering);
        for (name, html) in rendering.all {
            let broken = html.status == StatusCode::INTERNAL_SERVER_ERROR;
            assert!(!broken, "{name} in {language} could not be rendered");
            assert!(!html.body.contains("<b>"), "{name} in {language}");
            assert!(!html.body.contains("</title><"), "{name} in {language}");
            assert!(!html.body.contains("\"'"), "{name} in {language}");
            if name != "inbox_empty" {
                assert!(html.body.contains("&lt;b&gt;"), "{name}: {NASTY} is shown nowhere");
            }
        }
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
    let html = Broken.render(&rendering(&pages(), Language::English).look);
    assert_eq!(html.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(html.body.contains("Something went wrong"));
}
