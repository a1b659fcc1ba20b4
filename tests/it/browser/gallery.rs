//! Every page in every state, as `linkgate preview` writes it: accessible and good to look at, for
//! every visitor (WCAG 2.2 AA).

use std::path::PathBuf;

use crate::support::chromium::Chromium;
use crate::support::gallery::{Gallery, lookers};

/// A folder for pictures of everything, for people who want to look: `LINKGATE_PICTURES=/tmp/x`.
const PICTURES: &str = "LINKGATE_PICTURES";
/// Every rule of WCAG up to 2.2 AA that axe knows, and what is good practice besides.
const EVERYTHING: &str = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', \
                          'best-practice'] }";
/// What another colour scheme can change.
const COLOURS: &str = "{ runOnly: { type: 'rule', values: ['color-contrast', \
                       'link-in-text-block'] } }";

/// One tab, that looks at one page after the other and notes what is wrong.
pub(super) struct Visitor {
    pub(super) chromium: Chromium,
    page: String,
    faults: Vec<String>,
}

impl Visitor {
    pub(super) async fn arrive() -> Self {
        let chromium = Chromium::start().await;
        chromium.put_into_pages(&lookers()).await;
        Self { chromium, page: String::new(), faults: Vec::new() }
    }

    /// Opens a page of the gallery.
    pub(super) async fn open(&mut self, gallery: &Gallery, language: &str, name: &str) {
        self.page = format!("{language}-{name}");
        self.chromium.open(&gallery.url(language, name)).await;
    }

    /// Asks one of the scripts of `look.js`.
    pub(super) async fn ask(&mut self, when: &str, question: &str) {
        let found = self.chromium.value(&format!("look.{question}")).await;
        let Some(found) = found.as_array() else { return };
        let fault = |fault: &serde_json::Value| format!("{}, {when}: {fault}", self.page);
        let found: Vec<String> = found.iter().map(fault).collect();
        self.faults.extend(found);
    }

    /// Takes the size of a screen and a colour scheme, and a picture if somebody wants pictures.
    pub(super) async fn looks_like(&self, width: u32, scheme: &str) {
        self.chromium.looks_like(width, scheme, "none").await;
        if let Some(folder) = std::env::var_os(PICTURES) {
            let file = format!("{}-{width}-{scheme}.png", self.page);
            let picture = self.chromium.picture().await;
            std::fs::write(PathBuf::from(folder).join(file), picture).expect("a picture");
            self.chromium.looks_like(width, scheme, "none").await;
        }
    }

    /// What the console of the browser says of this page.
    pub(super) async fn listen(&mut self) {
        let complaints = self.chromium.complaints().await;
        self.faults.extend(complaints.iter().map(|it| format!("{}: {it}", self.page)));
    }

    /// Fails with everything that was wrong.
    pub(super) fn leave(self) {
        let Self { faults, .. } = self;
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    }

    /// Looks at the open page in every way.
    async fn look_closely(&mut self) {
        for (width, scheme, rules) in [
            (320, "light", EVERYTHING),
            (320, "dark", COLOURS),
            (1280, "light", COLOURS),
            (1280, "dark", EVERYTHING),
        ] {
            let when = format!("{width} px, {scheme}");
            self.looks_like(width, scheme).await;
            self.ask(&when, "fits()").await;
            self.ask(&when, "targets()").await;
            self.ask(&when, &format!("axe({rules})")).await;
        }
        self.ask("less motion", "still()").await;
        self.chromium.looks_like(1280, "light", "active").await;
        self.ask("forced colours", "bordered()").await;
        self.ask("forced colours", &format!("axe({COLOURS})")).await;
        self.chromium.looks_like(320, "light", "none").await;
        for (when, change) in [("letters of 200 %", "enlarge()"), ("wide text", "space()")] {
            self.chromium.value(&format!("look.{change}")).await;
            self.ask(when, "fits()").await;
        }
        self.listen().await;
    }
}

/// Looks once at a page that somebody else has opened: narrow and dark.
pub(super) async fn survey(chromium: &Chromium, name: &str) {
    chromium.evaluate(&lookers()).await;
    chromium.looks_like(320, "dark", "none").await;
    for question in ["fits()", "targets()", &format!("axe({EVERYTHING})")] {
        let faults = chromium.value(&format!("look.{question}")).await;
        assert_eq!(faults, serde_json::json!([]), "{name}");
    }
}

async fn every_page_in(language: &str) {
    let (gallery, mut visitor) = (Gallery::open().await, Visitor::arrive().await);
    let names = gallery.names(language, false);
    assert!(names.len() > 60, "{names:?}");
    for name in names {
        visitor.open(&gallery, language, &name).await;
        visitor.look_closely().await;
    }
    visitor.leave();
}

#[tokio::test]
async fn every_page_is_good_for_everybody() {
    every_page_in("en").await;
}

/// What operators begin with.
#[tokio::test]
async fn the_index_is_good_for_everybody() {
    let (gallery, mut visitor) = (Gallery::open().await, Visitor::arrive().await);
    visitor.page = "index".to_owned();
    visitor.chromium.open(&format!("{}/index.html", gallery.origin)).await;
    visitor.look_closely().await;
    visitor.leave();
}

#[tokio::test]
async fn every_page_is_good_for_everybody_from_right_to_left() {
    every_page_in("ar").await;
}

/// Longer words than the English ones.
#[tokio::test]
async fn every_page_fits_in_the_other_languages() {
    let (gallery, mut visitor) = (Gallery::open().await, Visitor::arrive().await);
    for language in ["de", "es", "fr"] {
        for name in gallery.names(language, false) {
            visitor.open(&gallery, language, &name).await;
            visitor.looks_like(320, "light").await;
            visitor.ask("320 px", "fits()").await;
            visitor.ask("320 px", "targets()").await;
            visitor.ask("320 px", &format!("axe({EVERYTHING})")).await;
            visitor.listen().await;
        }
    }
    visitor.leave();
}

/// The lookers see: a page with every fault is found to have every fault, under the same policy.
#[tokio::test]
async fn a_bad_page_is_found_to_be_bad() {
    let (gallery, visitor) = (Gallery::open().await, Visitor::arrive().await);
    gallery.add("common/en/bad.css", include_str!("bad.css"));
    gallery.add("common/en/bad.html", include_str!("bad.html"));
    let chromium = &visitor.chromium;
    chromium.open(&gallery.url("en", "bad")).await;
    chromium.looks_like(320, "light", "none").await;
    let axe = chromium.value(&format!("look.axe({EVERYTHING})")).await.to_string();
    for rule in ["html-has-lang", "color-contrast", "label", "image-alt", "region"] {
        assert!(axe.contains(&format!("axe {rule}:")), "{rule} was not found: {axe}");
    }
    for (question, faults) in [
        ("fits()", &["sideways", "out of the window", "is cut"][..]),
        ("targets()", &["button \\\"tiny\\\" is"]),
        ("still()", &["moves", "animation runs"]),
        ("bordered()", &["has no border"]),
        ("readableWhenTurned()", &["contrast"]),
    ] {
        let found = chromium.value(&format!("look.{question}")).await.to_string();
        for fault in faults {
            assert!(found.contains(fault), "{question} does not find {fault:?}: {found}");
        }
    }
    let complaints = chromium.complaints().await.join("\n");
    assert!(complaints.contains("Content Security Policy"), "an inline style: {complaints:?}");
}
