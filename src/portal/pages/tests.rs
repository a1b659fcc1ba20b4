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
    let at = UnixMillis(1_795_356_180_000);
    let look = Look { pages: Arc::clone(pages), language, here, reference: "7f3a-91c2".into(), at };
    Rendering { look, all: Vec::new() }
}

/// Every page and state in a language, with those of last resort.
fn samples(pages: &Arc<Pages>, language: Language) -> Vec<Named> {
    let mut rendering = rendering(pages, language);
    show_all(&mut rendering);
    let (look, mut all) = (rendering.look, rendering.all);
    let last = pages.last_resort();
    all.push(("last_resort_store_down".to_owned(), last.store_down(&look)));
    all.push(("last_resort_internal".to_owned(), last.internal(&look)));
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
fn every_page_with_bad_news_has_a_reference_a_time_and_the_way_to_help() {
    const BAD_NEWS: [&str; 9] = [
        "sign_in_mail_delayed",
        "sign_in_mail_down",
        "check_mail_down",
        "request_ended",
        "link_elsewhere",
        "link_elsewhere_button",
        "link_elsewhere_code_only",
        "signed_out",
        "signed_out_everywhere",
    ];
    for (name, html) in samples(&pages(), Language::English) {
        let error = html.status.is_client_error() || html.status.is_server_error();
        let at_field = html.status == StatusCode::UNPROCESSABLE_ENTITY;
        if (error && !at_field) || BAD_NEWS.contains(&&*name) {
            let (_, line) = html.body.split_once("class=\"reference\"").expect(&name);
            let line = line.lines().next().unwrap_or_default();
            assert!(
                line.contains("7f3a-91c2") && line.contains("<time datetime"),
                "{name}: {line}"
            );
            assert!(html.body.contains("href=\"mailto:help@example.com\""), "{name}");
            assert!(
                html.body.contains("/linkgate-") && html.body.contains("<script src"),
                "{name}"
            );
            assert!(html.body.contains("data-own-time=\"{utc} ({own} your time)\""), "{name}");
        }
    }
}

#[test]
fn access_is_asked_for_by_mail_with_a_subject_that_breaks_nothing() {
    let look = rendering(&pages(), Language::English).look;
    let ask = look.ask_for_access("a&b+c=d'e@example.com", "wiki.example.com/a?b&bcc=x#y");
    let ask = url::Url::parse(&ask.unwrap()).unwrap();
    let fields: Vec<_> = ask.query().unwrap().split('&').collect();
    let [subject] = fields[..] else { panic!("one header field, not {fields:?}") };
    assert!(!subject.contains('+'), "a blank is %20 here: {subject}");
    let (_, said) = url::form_urlencoded::parse(subject.as_bytes()).next().unwrap();
    assert_eq!(said, "Access to wiki.example.com/a?b&bcc=x#y for a&b+c=d'e@example.com");
    for (help, expected) in [
        (None, false),
        (Some("https://help.example.com/"), false),
        (Some("mailto:help@example.com?subject=Help"), false),
        (Some("mailto:help@example.com"), true),
    ] {
        let brand = Brand { help_url: help.map(str::to_owned), ..Brand::default() };
        let branding = Branding::read(brand, &Language::ALL).unwrap();
        let pages = Arc::new(Pages::new("/.linkgate", Arc::new(branding)).unwrap());
        let look = rendering(&pages, Language::German).look;
        assert_eq!(look.ask_for_access("a@example.com", "x").is_some(), expected, "{help:?}");
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
