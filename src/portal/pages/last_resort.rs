//! Pages for the day when nothing else works: plain text put together at the start.
//!
//! They need neither the template engine nor the store, so neither can take them down.

use http::StatusCode;

use super::Html;

const STORE_DOWN: &str = include_str!("../templates/last_resort_store_down.html");
const INTERNAL: &str = include_str!("../templates/last_resort_internal.html");

/// The pages of last resort.
#[derive(Clone, Debug)]
pub struct LastResort {
    store_down: String,
    internal: String,
}

impl LastResort {
    /// Puts the addresses of the style sheet and the icon in; they come from our own configuration.
    #[must_use]
    pub(super) fn new(stylesheet: &str, icon: &str) -> Self {
        let fill = |page: &str| page.replace("%STYLESHEET%", stylesheet).replace("%ICON%", icon);
        Self { store_down: fill(STORE_DOWN), internal: fill(INTERNAL) }
    }

    /// 503: the store does not answer. Sessions are kept; nobody is signed out by it.
    #[must_use]
    pub fn store_down(&self, reference: &str) -> Html {
        page(StatusCode::SERVICE_UNAVAILABLE, &self.store_down, reference)
    }

    /// 500: a fault of ours.
    #[must_use]
    pub fn internal(&self, reference: &str) -> Html {
        page(StatusCode::INTERNAL_SERVER_ERROR, &self.internal, reference)
    }
}

/// A reference is shown only as far as it needs no escaping: there is no engine here to do it.
fn page(status: StatusCode, text: &str, reference: &str) -> Html {
    let plain: String =
        reference.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    Html { status, body: text.replace("%REFERENCE%", &plain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_reference_stays_text() {
        let page = LastResort::new("/a.css", "/a.svg").internal("7<script>f-3");
        assert!(page.body.contains(">7scriptf-3<"));
        assert!(!page.body.contains("<script"));
        assert!(!page.body.contains('%'));
    }
}
