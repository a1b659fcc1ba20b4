//! Whose pages these are.

use std::path::PathBuf;

use super::super::{BrandConfig, Fault, Place};
use super::{edited, logo, parse, report};
use crate::domain::colour::Colour;
use crate::domain::language::Language;

const ALLOW: &str = "[\"@example.com\"]";

const MISTAKES: &[(&str, &str, &str)] = &[
    ("unknown key", "", "brand: { colours: {} }\n"),
    ("unknown colour", "", "brand: { colors: { accent-dark: red } }\n"),
    ("name", "", "brand: { name: \"a\\nb\" }\n"),
    (
        "name too long",
        "",
        "brand: { name: aaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbaaaaaaaaaabbbbbbbbbbc }\n",
    ),
    ("help by http", "", "brand: { help: http://help.example.com }\n"),
    ("help by address", "", "brand: { help: help@example.com }\n"),
    ("help by path", "", "brand: { help: /help }\n"),
    ("help that runs", "", "brand: { help: \"javascript:alert(1)\" }\n"),
    ("help with password", "", "brand: { help: \"https://me:hunter2@help.example.com\" }\n"),
    ("help by half a mail", "", "brand: { help: \"mailto:help\" }\n"),
    ("help by two mails", "", "brand: { help: \"mailto:a@example.com,b@example.com\" }\n"),
    ("help in two lines", "", "brand: { help: \"https://help.example.com/\\n\" }\n"),
    ("logo missing", "", "brand: { logo: no.svg }\n"),
    ("logo itself", "", "brand: { logo: \"<svg/>\" }\n"),
    ("logo of nothing", "", "brand: { logo: \"\" }\n"),
    ("logo that is a photograph", "", "brand: { logo: photo.svg }\n"),
    ("logo that is no drawing", "", "brand: { logo: note.txt }\n"),
    ("logo with script", "", "brand: { logo: script.svg }\n"),
    ("logo too large", "", "brand: { logo: large.svg }\n"),
    ("colours in other words", "", "brand: { colors: { accent: red, accent_dark: \"#fff\" } }\n"),
    ("colour without quotes", "", "brand: { colors: { accent: #2257c5\n  } }\n"),
    ("texts without values", "", "brand:\n  texts:\n    en:\n    de:\n      a:\n"),
    (
        "colours that cannot be seen",
        "",
        "brand: { colors: { accent: \"#ffcc00\", accent_dark: \"#2257c5\" } }\n",
    ),
    ("templates missing", "", "brand: { templates: no }\n"),
    ("templates that are a file", "", "brand: { templates: note.txt }\n"),
    ("texts without a language", "", "brand: { texts: { sign-in-title: Hi } }\n"),
    ("texts in a language we have not", "", "brand: { texts: { nl: { a: b }, EN: { a: b } } }\n"),
    ("texts that are a list", "", "brand: { texts: [hi] }\n"),
    ("a text twice", "", "brand:\n  texts:\n    en:\n      a: b\n      a: c\n"),
    (
        "texts that are none",
        "",
        "brand:\n  texts:\n    en:\n      a: \" \"\n      \"b c\": d\n      e: \"\"\n      f: \"a\\eb\"\n",
    ),
    (
        "a site's own, with everything else",
        ALLOW,
        "[everyone]\n    brand:\n      name: \" \"\n      help: x\n      logo: no.svg\n      \
         colors: { accent: \"#ffffff\" }\n      texts: { xx: { a: b } }\n      templates: no\n",
    ),
];

#[test]
fn mistakes_of_brand() {
    insta::assert_snapshot!(report(MISTAKES));
}

#[test]
fn long_texts_are_refused() {
    let text = |length: usize| {
        let text = format!("brand: {{ texts: {{ en: {{ a: {} }} }} }}\n", "x".repeat(length));
        parse(&edited("", &text)).map(|_| ()).map_err(|problems| problems.to_string())
    };
    assert_eq!(text(2000), Ok(()));
    assert!(text(2001).unwrap_err().contains("has 2001 characters, of at most 2000"));
}

const FULL: &str = "\
brand:
  name: Example Ltd.
  help: mailto:help@example.com?subject=Sign-in
  logo: logo.svg
  colors: { accent: \"#2257C5\" }
  templates: pages
  texts:
    en: { sign-in-title: \"Hi { $site }\", other: two }
    de:
      sign-in-title: |
        Hallo
        { $site }
    fr: {}
";

fn texts(brand: &BrandConfig) -> Vec<(Language, &str, &str)> {
    brand.texts.iter().map(|text| (text.language, text.key.as_str(), text.text.as_str())).collect()
}

#[test]
fn a_brand_is_read() {
    let config = parse(&edited("", FULL)).unwrap_or_else(|problems| panic!("{problems}"));
    let brand = &config.brand;
    assert_eq!(brand.operator.as_deref(), Some("Example Ltd."));
    assert_eq!(brand.help_url.as_deref(), Some("mailto:help@example.com?subject=Sign-in"));
    assert_eq!(brand.logo.as_deref(), Some(logo("<path d=\"M0 0h9\"/>").as_str()));
    assert_eq!(brand.templates, Some(PathBuf::from("etc/pages")));
    assert_eq!(brand.accent.unwrap().to_string(), "#2257c5");
    let dark = brand.accent_dark.unwrap();
    assert!(dark.contrast(Colour::new(0x1b, 0x1e, 0x25)) >= 4.5, "{dark}");
    assert_eq!(
        texts(brand),
        [
            (Language::English, "sign-in-title", "Hi { $site }"),
            (Language::English, "other", "two"),
            (Language::German, "sign-in-title", "Hallo\n{ $site }\n"),
        ]
    );
    assert!(config.sites[0].brand.is_none());
    assert_eq!(parse(super::BASE).unwrap().brand, BrandConfig::default());
    let marked = parse(&edited("", "brand: { logo: bom.svg }\n")).unwrap().brand;
    assert_eq!(marked.logo.as_deref(), Some(logo("").as_str()));
    let full = parse(&edited("", "brand: { logo: full.svg }\n")).unwrap().brand;
    assert_eq!(full.logo.unwrap().len(), 4096);
}

#[test]
fn a_text_keeps_its_place() {
    let config = parse(&edited("", FULL)).unwrap();
    let place = &config.brand.texts[2].place;
    assert_eq!(place.place, Place { line: 22, column: 7 });
    let told = place.problem(Fault::new("is no key of a text").value("sign-in-title")).to_string();
    let key = "brand.texts.de.sign-in-title";
    assert_eq!(
        told,
        format!("etc/linkgate.yaml:22:7: {key}: is no key of a text: `sign-in-title`")
    );
}

#[test]
fn a_site_overrides_key_by_key() {
    let site = |own: &str| {
        let site = format!("[everyone]\n    brand: {own}\n{FULL}");
        let config = parse(&edited(&format!("{ALLOW}\n"), &site));
        let config = config.unwrap_or_else(|problems| panic!("{problems}"));
        let brand = config.sites[0].brand.clone().unwrap();
        (config.brand, brand)
    };
    let (common, own) = site("{ name: Reports }");
    assert_eq!(*own, BrandConfig { operator: Some("Reports".into()), ..common });
    let (common, own) = site(
        "{ help: \"https://example.com/é\", logo: bom.svg, templates: other, \
         texts: { en: { other: three, more: x } } }",
    );
    assert_eq!(own.help_url.as_deref(), Some("https://example.com/%C3%A9"));
    assert_eq!(own.templates, Some("etc/other".into()));
    assert_ne!(own.logo, common.logo);
    assert_eq!((&own.operator, own.accent), (&common.operator, common.accent));
    let changed: Vec<_> = texts(&own).into_iter().map(|(_, key, text)| (key, text)).collect();
    let german = ("sign-in-title", "Hallo\n{ $site }\n");
    let english = ("sign-in-title", "Hi { $site }");
    assert_eq!(changed, [english, german, ("other", "three"), ("more", "x")]);
    assert_eq!(own.texts[2].place.key, "sites[0].brand.texts.en.other");
}

#[test]
fn an_accent_brings_its_dark_one() {
    let colors = |common: &str, own: &str| {
        let brands = format!("[everyone]\n    brand: {{ {own} }}\nbrand: {{ {common} }}");
        let config = parse(&edited(ALLOW, &brands)).unwrap();
        let site = config.sites[0].brand.clone().unwrap();
        [config.brand.accent, config.brand.accent_dark, site.accent, site.accent_dark]
            .map(|colour| colour.map_or("none".to_owned(), |colour| colour.to_string()))
    };
    let both = "colors: { accent: \"#2257c5\", accent_dark: \"#8fb4ff\" }";
    assert_eq!(colors(both, ""), ["#2257c5", "#8fb4ff", "#2257c5", "#8fb4ff"]);
    let pink = "colors: { accent: \"#c2185b\" }";
    let [_, dark, own, own_dark] = colors(both, pink);
    assert_eq!((dark.as_str(), own.as_str()), ("#8fb4ff", "#c2185b"));
    assert!(own_dark != dark && own_dark != own && own_dark != "none", "{own_dark}");
    let dark_only = "colors: { accent_dark: \"#ffffff\" }";
    assert_eq!(colors(both, dark_only), ["#2257c5", "#8fb4ff", "#2257c5", "#ffffff"]);
    assert_eq!(colors("", dark_only), ["none", "none", "none", "#ffffff"]);
    // One that can be read in the dark as it is stays.
    let light_enough = colors("colors: { accent: \"#7c8db5\" }", "");
    assert_eq!(light_enough[0], light_enough[1]);
}

/// The contrast is judged against the cards that pages really have.
#[test]
fn the_cards_are_those_of_the_style_sheet() {
    let style = include_str!("../../portal/assets/linkgate.css");
    use super::super::defaults::{CARD, CARD_DARK};
    for card in [CARD, CARD_DARK] {
        assert!(style.contains(&format!("--card: {card};")), "{card}");
    }
}
