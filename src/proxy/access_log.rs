//! One line for each request.
//!
//! Never a token, a cookie, a code, a query or an address of a person. The path of one of our own
//! pages may hold a token, so it is cut to the page's name.

use super::context::Context;
use crate::domain::path::{RequestTarget, Under};
use crate::domain::time::UnixMillis;

/// Longest path that is logged, in bytes.
const LONGEST_PATH: usize = 512;

/// What the line says beside what is known of every request.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The method.
    pub method: &'a str,
    /// The status that the client was sent; 0 for none.
    pub status: u16,
    /// Bytes of the content that the client was sent.
    pub sent: u64,
    /// What went wrong, in words of ours.
    pub error: Option<&'a str>,
}

impl Line<'_> {
    /// Writes the line.
    pub fn write(self, context: &Context, now: UnixMillis, reserved: &str) {
        let ms = context.began.map_or(0, |began| now.since(began).as_millis());
        // JSON logs write 128-bit numbers as texts, which nobody can sum or compare.
        let ms = u64::try_from(ms).unwrap_or(u64::MAX);
        let site = context.located.as_ref().map_or("", |located| &located.site.name);
        let path = context.target.as_ref().map_or("", |target| shown(target, reserved));
        let rule = context.rule.as_deref().unwrap_or_default();
        let client = context.client.map(|(_, client)| tracing::field::display(client.ip()));
        let error = self.error.map(tracing::field::display);
        tracing::info!(
            target: "linkgate::access",
            request_id = &*context.reference,
            site,
            client,
            method = self.method,
            path,
            status = self.status,
            ms,
            outcome = context.outcome.word(),
            rule,
            sent = self.sent,
            upstream_reused = context.upstream_reused,
            error,
            "request"
        );
    }
}

fn shown<'a>(target: &'a RequestTarget, reserved: &str) -> &'a str {
    let path = target.path();
    // A link of a mail that some program spelled in another way is still a link.
    if target.under(reserved) == Under::Disguised {
        return "(disguised)";
    }
    let mut end = path.len().min(LONGEST_PATH);
    if let Some(own) = path.strip_prefix(reserved) {
        let page = own.find('/').unwrap_or(own.len());
        end = end.min(reserved.len() + page);
    }
    // The path is ASCII, so every position is a boundary.
    path.get(..end).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_and_queries_stay_out() {
        let shown = |text: &str| {
            let target = RequestTarget::parse(text.as_bytes()).unwrap();
            shown(&target, "/.linkgate/").to_owned()
        };
        assert_eq!(shown("/.linkgate/link/SECRET"), "/.linkgate/link");
        assert_eq!(shown("/.linkgate/sign-in?return_to=%2Fx"), "/.linkgate/sign-in");
        for disguised in ["//.linkgate/link/S", "/.Linkgate/link/S", "/%2elinkgate/link/S"] {
            assert_eq!(shown(disguised), "(disguised)");
        }
        assert_eq!(shown("/reports/42?token=SECRET"), "/reports/42");
        assert_eq!(shown(&format!("/{}", "a".repeat(2000))).len(), LONGEST_PATH);
    }
}
