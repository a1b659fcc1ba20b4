//! Every mail in every language, in a browser instead of a mail program.

use super::gallery::Visitor;
use crate::support::gallery::Gallery;

/// A mail is no page: landmarks and headings are the mail program's business.
const RULES: &str = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }";
const COLOURS: &str = "{ runOnly: { type: 'rule', values: ['color-contrast'] } }";
/// Some mail programs (Gmail with accounts of others, for one) throw the style element away.
const WITHOUT_STYLE: &str = "document.querySelectorAll('style').forEach(style => style.remove())";

#[tokio::test]
async fn every_mail_is_good_for_everybody() {
    let (gallery, mut visitor) = (Gallery::open().await, Visitor::arrive().await);
    for language in ["ar", "de", "en", "es", "fr"] {
        let names = gallery.names(language, true);
        let kinds = ["new_device", "new_password", "sign_in", "sign_in_code_alone"];
        assert_eq!(names, kinds.map(|kind| format!("mail_{kind}")));
        for name in names {
            visitor.open(&gallery, language, &name).await;
            for (width, scheme) in [(320, "light"), (320, "dark"), (1280, "dark"), (1280, "light")]
            {
                let when = format!("{width} px, {scheme}");
                visitor.looks_like(width, scheme).await;
                visitor.ask(&when, "fits()").await;
                visitor.ask(&when, &format!("axe({RULES})")).await;
            }
            // Programs that turn all colours over do so with the light ones.
            visitor.ask("turned over", "readableWhenTurned()").await;
            visitor.chromium.value(WITHOUT_STYLE).await;
            for scheme in ["light", "dark"] {
                visitor.chromium.looks_like(320, scheme, "none").await;
                visitor.ask("no style element", "fits()").await;
                visitor.ask("no style element", &format!("axe({COLOURS})")).await;
            }
            visitor.ask("no style element, turned over", "readableWhenTurned()").await;
            let loaded = visitor.chromium.value("performance.getEntriesByType('resource')").await;
            assert_eq!(loaded, serde_json::json!([]), "{language} {name} loads something");
            visitor.listen().await;
        }
    }
    visitor.leave();
}
