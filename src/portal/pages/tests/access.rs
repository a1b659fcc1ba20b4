//! What people with a screen reader, a keyboard or large letters rely on (WCAG 2.2), as far as the
//! markup alone tells it.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_page_has_one_heading_a_title_and_nothing_inline() {
    let pages = pages();
    for language in Language::ALL {
        let root = format!("<html lang=\"{}\" dir=\"{}\"", language.tag(), language.direction());
        for (name, html) in samples(&pages, language) {
            let body = &html.body;
            for (part, times) in [
                ("<h1>", 1),
                ("<title>", 1),
                ("<main>", 1),
                (root.as_str(), 1),
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
                ("http-equiv", 0),
            ] {
                assert_eq!(body.matches(part).count(), times, "{name} in {language}: {part}");
            }
            let scripts = body.matches("<script").count();
            assert_eq!(scripts, body.matches("<script src=").count(), "{name}");
            assert!(body.matches("role=\"status\"").count() <= 1, "{name}");
            assert!(!body.contains(">none<") && !body.contains("undefined"), "{name}");
            let title = inside(body, "<title>", "</title>");
            assert!(title.len() > 5 && !title.contains('\n') && title.trim() == title, "{name}");
            assert!(!title.contains('<') && !title.contains("&lt;bdi"), "{name}: {title}");
        }
    }
}

#[test]
fn headings_never_leave_out_a_level() {
    for (name, html) in samples(&pages(), Language::English) {
        let mut last = 0;
        for part in html.body.split("<h").skip(1) {
            let Some(level) = part.chars().next().and_then(|digit| digit.to_digit(10)) else {
                continue;
            };
            assert!(level <= last + 1, "{name}: h{level} after h{last}");
            last = level;
        }
    }
}

#[test]
fn an_error_at_a_field_is_tied_to_it_and_named_in_the_title() {
    let mut seen = 0;
    for (name, html) in samples(&pages(), Language::English) {
        let wrong = html.status == StatusCode::UNPROCESSABLE_ENTITY;
        assert_eq!(html.body.contains("<title>Error: "), wrong, "{name}");
        assert_eq!(html.body.contains("aria-invalid=\"true\""), wrong, "{name}");
        assert_eq!(html.body.contains("class=\"problem\""), wrong, "{name}");
        if wrong {
            let field = html.body.split("aria-invalid").nth(1).unwrap();
            let id = inside(field, "aria-describedby=\"", "\"").split(' ').next().unwrap();
            assert!(html.body.contains(&format!("class=\"problem\" id=\"{id}\">")), "{name}");
            assert!(inside(field, "", ">").ends_with("autofocus"), "{name}: focus stays away");
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn whatever_points_to_an_element_finds_it() {
    for (name, html) in samples(&pages(), Language::English) {
        let ids: Vec<&str> = values(&html.body, " id=\"");
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(known.len(), ids.len(), "{name}: an id twice in {ids:?}");
        for attribute in [" for=\"", " aria-describedby=\"", " aria-labelledby=\""] {
            for wanted in values(&html.body, attribute).iter().flat_map(|ids| ids.split(' ')) {
                assert!(known.contains(wanted), "{name}:{attribute}{wanted}");
            }
        }
    }
}

#[test]
fn every_field_has_a_label_and_every_button_words() {
    for (name, html) in samples(&pages(), Language::English) {
        for (position, _) in html.body.match_indices("<input") {
            let field = inside(&html.body[position..], "<input", ">");
            let in_label = html.body[..position].ends_with("<label class=\"tick\">");
            let labelled = values(field, " id=\"")
                .first()
                .is_some_and(|id| html.body.contains(&format!("<label for=\"{id}\">")));
            let is_met = !field.contains("type=\"hidden\"") && !field.ends_with(" hidden");
            assert!(!is_met || in_label || labelled, "{name}: {field}");
        }
        for button in html.body.split("<button").skip(1) {
            let words = inside(button, ">", "</button>");
            assert!(!words.trim().is_empty(), "{name}: a button without words");
        }
    }
}

/// Two buttons that sound alike must not end two different sessions; and who speaks to the browser
/// says what the button shows (WCAG 2.2, 2.5.3).
#[test]
fn the_buttons_of_the_account_name_their_device() {
    let pages = pages();
    for language in Language::ALL {
        let all = samples(&pages, language);
        let (_, html) = all.iter().find(|(name, _)| name == "account").unwrap();
        assert_eq!(values(&html.body, " aria-labelledby=\""), ["end-2", "end-3"]);
        let button = html.body.split("aria-labelledby=\"end-2\"").nth(1).unwrap();
        let shown = inside(button, ">", "</button>");
        let named = inside(&html.body, "id=\"end-2\" hidden>", "</span>");
        assert!(named.starts_with(shown), "{language}: {shown:?} is not how {named:?} begins");
        assert!(named.contains("Safari") && named.contains("iPhone"), "{language}: {named}");
    }
}

/// Help stands at the same place of every page (WCAG 2.2, 3.2.6).
#[test]
fn help_and_language_stand_in_the_footer_of_every_page_of_a_site() {
    let mut seen = 0;
    for (name, html) in samples(&pages(), Language::English) {
        if !html.body.contains("<header class=\"site\">") {
            continue;
        }
        let footer = inside(&html.body, "<footer>", "</footer>");
        let parts = ["<details>", "mailto:help@example.com", "action=\"/.linkgate/language\""];
        let places: Vec<Option<usize>> = parts.iter().map(|part| footer.find(part)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{name}: {places:?}");
        assert_eq!(footer.matches("aria-current=\"true\"").count(), 1, "{name}");
        assert_eq!(footer.matches("name=\"language\"").count(), Language::ALL.len(), "{name}");
        seen += 1;
    }
    assert!(seen >= 50, "{seen}");
}

#[test]
fn a_logo_stands_in_place_of_the_letter() {
    let logo = Some(Arc::from("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"));
    let brand = Brand { logo, ..Brand::default() };
    let branding = Branding::read(brand, &[Language::English]).unwrap();
    let pages = Arc::new(Pages::new("/.linkgate", Arc::new(branding)).unwrap());
    let (_, html) = samples(&pages, Language::English).remove(0);
    let header = inside(&html.body, "<header class=\"site\">", "</header>");
    assert!(header.contains("<img class=\"logo\" src=\"/.linkgate/assets/"), "{header}");
    assert!(header.contains(" alt=\"\"") && !header.contains("class=\"mark\""), "{header}");
    // There is one language only, so there is nothing to choose.
    assert!(!html.body.contains("class=\"languages\""));
}

fn inside<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap();
    rest.split_once(end).unwrap().0
}

fn values<'a>(text: &'a str, attribute: &str) -> Vec<&'a str> {
    text.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}
