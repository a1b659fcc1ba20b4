//! How the pages look: narrow and wide, light and dark.

use std::path::PathBuf;

use super::{ANN, Installed};
use crate::support::chromium::Chromium;
use crate::support::gate::{Gate, Wishes, free_port};
use crate::support::redis::RedisServer;

/// A folder for pictures of every page, for people who want to look: `LINKGATE_PICTURES=/tmp/x`.
const PICTURES: &str = "LINKGATE_PICTURES";

/// Texts whose contrast to their ground is below 4.5 : 1 (WCAG 2.2, 1.4.3), as `words: ratio`.
/// Switched-off controls are exempt there.
const LOW_CONTRAST: &str = r#"(() => {
    const parse = color => (color.match(/[\d.]+/g) || []).map(Number);
    const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
        .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = element => {
        for (let at = element; at; at = at.parentElement) {
            const color = parse(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
        }
        return matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
    };
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const [text, element] = [walker.currentNode.data.trim(), walker.currentNode.parentElement];
        if (!text || !element.checkVisibility() || element.closest(":disabled")) continue;
        const [a, b] = [light(parse(getComputedStyle(element).color)), light(ground(element))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) found.push(`${text}: ${ratio.toFixed(2)}`);
    }
    return found;
})()"#;

/// Looks at the page that is shown: it fits on narrow and wide screens, and can be read.
pub(super) async fn survey(chromium: &Chromium, name: &str) {
    for (width, scheme) in [(320, "light"), (320, "dark"), (1280, "dark"), (1280, "light")] {
        chromium.looks_like(width, scheme, "none").await;
        if let Some(folder) = std::env::var_os(PICTURES) {
            let file = PathBuf::from(folder).join(format!("{name}-{width}-{scheme}.png"));
            std::fs::write(file, chromium.picture().await).expect("a picture");
        }
        let too_wide = chromium.value("document.scrollingElement.scrollWidth - innerWidth").await;
        assert!(too_wide.as_i64() <= Some(0), "{name}, {width}, {scheme}: {too_wide} px too wide");
        let pale = chromium.value(LOW_CONTRAST).await;
        assert_eq!(pale, serde_json::json!([]), "{name}, {width}, {scheme}");
    }
    // Letters of twice the size (WCAG 2.2, 1.4.4).
    let large = "(document.documentElement.style.fontSize = '200%', \
                 document.scrollingElement.scrollWidth - innerWidth)";
    let too_wide = chromium.value(large).await;
    assert!(too_wide.as_i64() <= Some(0), "{name}, large letters: {too_wide} px too wide");
    chromium.value("document.documentElement.style.fontSize = ''").await;
}

#[tokio::test]
async fn pages_of_the_flow_fit_and_can_be_read() {
    let installed = Installed::embedded().await;
    let (chromium, other) = (Chromium::start().await, Chromium::start().await);
    chromium.open(&installed.deep()).await;
    survey(&chromium, "sign-in").await;
    colours_of_the_visitor(&chromium).await;
    chromium.press("Send me a link").await;
    chromium.says("Enter your e-mail address.").await;
    survey(&chromium, "sign-in-problem").await;
    chromium.fill("email", ANN).await;
    chromium.press("Send me a link").await;
    chromium.says("Check your mail").await;
    survey(&chromium, "check-mail").await;
    chromium.fill("code", "BBBB-BBBB").await;
    chromium.says("tries left").await;
    survey(&chromium, "check-mail-problem").await;
    let mail = installed.gate.mail(ANN, 1).await;
    mail_itself(&other, &mail.html).await;
    other.open(&mail.link()).await;
    survey(&other, "elsewhere").await;
    other.fill("email", "bob@example.com").await;
    other.press("Sign in on this device").await;
    other.says("was not sent to this address").await;
    survey(&other, "elsewhere-problem").await;
    other.open(&mail.report()).await;
    survey(&other, "report").await;

    chromium.open(&mail.link()).await;
    chromium.arrives_at(&installed.deep()).await;
    for (name, page) in [("account", "account"), ("sign-out", "sign-out"), ("not-found", "nothing")]
    {
        chromium.open(&installed.page(page)).await;
        survey(&chromium, name).await;
    }
    chromium.open(&format!("{}/admin/", installed.gate.origin)).await;
    chromium.says("No access").await;
    survey(&chromium, "forbidden").await;
    other.open(&mail.link()).await;
    other.says("This link was used").await;
    survey(&other, "link-used").await;
    other.open(&installed.page("link/nonsense")).await;
    survey(&other, "link-unknown").await;
    chromium.open(&installed.page("sign-out")).await;
    chromium.press("Sign out on this device").await;
    chromium.says("You are signed out").await;
    survey(&chromium, "signed-out").await;
    chromium.is_content(&[403, 404, 410, 422]).await;
    other.is_content(&[404, 410, 422]).await;
}

/// A visitor who has chosen colours, and who does not want things to move.
async fn colours_of_the_visitor(chromium: &Chromium) {
    chromium.looks_like(1280, "light", "active").await;
    assert_eq!(chromium.value("matchMedia('(forced-colors: active)').matches").await, true);
    let style = "getComputedStyle(document.querySelector('button'))";
    let border = chromium.value(&format!("{style}.borderTopStyle")).await;
    assert_eq!(border, "solid", "a button is seen without its ground");
    assert_eq!(chromium.value(&format!("{style}.transitionDuration")).await, "0s");
    chromium.looks_like(1280, "light", "none").await;
}

/// The mail as HTML, in a browser instead of a mail program.
async fn mail_itself(chromium: &Chromium, html: &str) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("mail.html");
    std::fs::write(&file, html).expect("the mail");
    chromium.open(&format!("file://{}", file.display())).await;
    survey(chromium, "mail").await;
}

#[tokio::test]
async fn pages_of_an_ended_request_fit_and_can_be_read() {
    let installed = Installed::embedded().await;
    let chromium = Chromium::start().await;
    chromium.open(&installed.deep()).await;
    chromium.fill("email", ANN).await;
    chromium.press("Send me a link").await;
    chromium.says("Check your mail").await;
    let mail = installed.gate.mail(ANN, 1).await;
    for tries in
        ["4 tries left", "3 tries left", "2 tries left", "1 try left", "Too many wrong codes"]
    {
        chromium.fill("code", "BBBB-BBBB").await;
        chromium.says(tries).await;
    }
    survey(&chromium, "code-used-up").await;
    chromium.press("Send a new e-mail").await;
    chromium.says("Too many").await;
    survey(&chromium, "rate-limited").await;
    chromium.open(&mail.report()).await;
    chromium.fill("email", ANN).await;
    chromium.press("End this request").await;
    chromium.says("The request has ended").await;
    survey(&chromium, "report-done").await;
    chromium.open(&mail.link()).await;
    survey(&chromium, "link-gone").await;
    chromium.open(&installed.page("check-mail")).await;
    survey(&chromium, "request-ended").await;
    chromium.is_content(&[410, 422, 429]).await;
}

#[tokio::test]
async fn pages_of_trouble_fit_and_can_be_read() {
    let redis = RedisServer::start().await;
    let store = format!("{{ redis: {{ url: \"{}\" }} }}", redis.url());
    let sites = format!(
        "\n  - {{ name: app, origin: $ORIGIN, upstream: $UPSTREAM, allow: [everyone] }}\n  \
         - {{ name: broken, origin: \"http://broken.localhost:$PORT\", \
         upstream: \"http://127.0.0.1:{}\", allow: [everyone], \
         rules: [{{ path: \"/**\", access: public }}] }}\n",
        free_port()
    );
    let limits = "limits: { email: 1/1h, ip: 100/1h }".to_owned();
    let gate = Gate::with(Wishes { store, sites, sign_in: limits, ..Wishes::default() }).await;
    let chromium = Chromium::start().await;
    let port = gate.address.port();
    chromium.open(&format!("http://broken.localhost:{port}/")).await;
    survey(&chromium, "upstream-down").await;
    chromium.is_content(&[502]).await;
    chromium.open(&format!("http://unknown.localhost:{port}/")).await;
    survey(&chromium, "misdirected").await;
    chromium.is_content(&[421]).await;
    let styled = "getComputedStyle(document.querySelector('main')).borderRadius";
    assert_ne!(chromium.value(styled).await, "0px", "the style sheet is there, too");
    chromium.open(&format!("{}/%zz", gate.origin)).await;
    survey(&chromium, "bad-request").await;
    chromium.is_content(&[400]).await;

    // Each answer is awaited: opening another page cancels a form that is still on its way.
    for answer in ["Check your mail", "Too many requests"] {
        chromium.open(&format!("{}/deep?x=1", gate.origin)).await;
        chromium.fill("email", ANN).await;
        chromium.press("Send me a link").await;
        chromium.says(answer).await;
    }
    survey(&chromium, "rate-limited-address").await;
    chromium.open(&gate.mail(ANN, 1).await.link()).await;
    chromium.arrives_at(&format!("{}/deep?x=1", gate.origin)).await;
    drop(redis);
    chromium.open(&format!("{}/", gate.origin)).await;
    chromium.says("Sign-in is not available right now").await;
    survey(&chromium, "store-down").await;
    chromium.is_content(&[429, 503]).await;
}
