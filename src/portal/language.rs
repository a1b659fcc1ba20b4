//! Choosing another language: the one thing a visitor may set without signing in.

use axum::response::Response;

use super::form::Form;
use super::refusal::Refusal;
use super::sign_in::{append, see_other};
use super::visit::Visit;
use crate::domain::language::Language;
use crate::domain::path::RequestTarget;

/// `POST /language`: remembers the choice on this device and goes back to the page.
pub async fn choose(visit: Visit, form: Form) -> Result<Response, Refusal> {
    visit.require_same_origin()?;
    let mut response = see_other(&back(form.value("back")?));
    // No language, or none of ours: nothing to remember, and no reason for an error page.
    if let Ok(language) = form.value("language")?.parse::<Language>() {
        append(&mut response, visit.cookies.set_language(language));
    }
    Ok(response)
}

/// A path of this site, as it was received: one of our own pages, which no return URL may be, or a
/// page of the application. Everything else is the start page.
fn back(path: &str) -> String {
    let is_path = path.starts_with('/')
        && !path.starts_with("//")
        && path.len() <= 4096
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    let parses = RequestTarget::parse(path.as_bytes()).is_ok();
    if is_path && parses { path.to_owned() } else { "/".to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::back;

    proptest! {
        #[test]
        fn a_browser_stays_on_the_site(path in "[/\\\\.;%@:a0-9?#\t\n -]{0,30}") {
            let site = Url::parse("https://wiki.example.com/.linkgate/language").unwrap();
            let arrived = site.join(&back(&path)).unwrap();
            prop_assert_eq!(arrived.origin(), site.origin(), "{}", path);
            prop_assert!(http::HeaderValue::from_str(&back(&path)).is_ok());
        }
    }

    #[test]
    fn only_paths_of_this_site() {
        let long = format!("/{}", "a".repeat(5000));
        for (path, expected) in [
            ("/.linkgate/sign-in?return_to=%2Fa", "/.linkgate/sign-in?return_to=%2Fa"),
            ("/reports/7?tab=b", "/reports/7?tab=b"),
            ("", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("https://evil.example/", "/"),
            ("/a\r\nSet-Cookie: x=1", "/"),
            ("/a b", "/"),
            ("/../..//evil.example", "/"),
            (&long, "/"),
        ] {
            assert_eq!(back(path), expected, "{path}");
        }
    }
}
