//! The mail that tells of a sign-in with a new browser. It has neither a link that signs in nor a
//! code: only what happened, and a way to say that it was somebody else.

use minijinja::HtmlEscape;

use super::{RenderedMail, fact};
use crate::domain::time::UnixMillis;
use crate::portal::pages::clock::clock_words;

/// What the notice says. `report_link` is a secret: `Debug` leaves it out.
#[derive(Clone, Copy)]
pub struct NewDeviceMail<'a> {
    /// Host of the site, with the port where it is not the default one.
    pub site_host: &'a str,
    /// The name people know the site by.
    pub site_name: &'a str,
    /// The browser that signed in, in our own words.
    pub browser: &'a str,
    /// The network it came from.
    pub client: &'a str,
    /// When.
    pub signed_in_at: UnixMillis,
    /// "I did not do this"; empty where mails of the site have no links.
    pub report_link: &'a str,
}

impl NewDeviceMail<'_> {
    /// The mail as text.
    #[must_use]
    pub fn render(&self) -> RenderedMail {
        let at = clock_words(self.signed_in_at);
        let host = fact(self.site_host).unwrap_or_default();
        let facts = [
            ("Site", fact(self.site_name).filter(|name| *name != host)),
            ("Address of the site", Some(host.clone())),
            ("Time", Some(at.clone())),
            ("Browser", fact(self.browser)),
            ("Network", fact(self.client)),
        ];
        let facts: Vec<(&str, String)> =
            facts.into_iter().filter_map(|(label, fact)| Some((label, fact?))).collect();
        let intro = "Somebody signed in as you with a browser that is new for you.";
        let advice = "If this was you, there is nothing to do.";
        let mut text = format!("{intro}\n\n");
        let mut html = format!("<p>{intro}</p>\n<ul>\n");
        for (label, fact) in &facts {
            text.push_str(&format!("{label}: {fact}\n"));
            html.push_str(&format!("<li>{label}: {}</li>\n", escaped(fact)));
        }
        text.push_str(&format!("\n{advice}\n"));
        html.push_str(&format!("</ul>\n<p>{advice}</p>\n"));
        if !self.report_link.is_empty() {
            let (link, words) = (self.report_link, "If not, end that sign-in here");
            text.push_str(&format!("\n{words}:\n{link}\n"));
            html.push_str(&format!("<p><a href=\"{}\">{words}</a></p>\n", escaped(link)));
        }
        let subject = format!("New sign-in to {host} ({at})");
        let title = escaped(&subject);
        let head = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">";
        let html = format!("{head}\n<title>{title}</title>\n{html}</html>\n");
        RenderedMail { subject, text, html }
    }
}

/// Text for HTML. A slash needs no escape, and links with one are read by more programs.
fn escaped(text: &str) -> String {
    HtmlEscape(text).to_string().replace("&#x2f;", "/")
}

impl std::fmt::Debug for NewDeviceMail<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("NewDeviceMail")
            .field("site_host", &self.site_host)
            .field("signed_in_at", &self.signed_in_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_the_facts_escaped_and_has_one_link_at_most() {
        let mail = NewDeviceMail {
            site_host: "wiki.example.com",
            site_name: "<Wiki>\r\nBcc: x",
            browser: "Firefox on Linux",
            client: "203.0.113.9",
            signed_in_at: UnixMillis(1_800_000_000_000),
            report_link: "https://wiki.example.com/.linkgate/report/x",
        };
        let rendered = mail.render();
        assert!(rendered.subject.starts_with("New sign-in to wiki.example.com ("));
        for part in [&rendered.text, &rendered.html] {
            assert!(part.contains("Firefox on Linux") && part.contains("203.0.113.9"));
            assert_eq!(part.matches("https://").count(), 1);
        }
        assert!(!rendered.html.contains("<Wiki>"), "{}", rendered.html);
        assert!(!rendered.text.contains('\r') && !rendered.text.contains("\nBcc"));
        let without = NewDeviceMail { report_link: "", ..mail }.render();
        assert!(!without.text.contains("https:") && !without.html.contains("href"));
        assert!(!format!("{mail:?}").contains("report/x"));
    }
}
