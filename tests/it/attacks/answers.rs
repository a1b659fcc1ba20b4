//! Every answer of ours, as a stranger and as a visitor gets it, carries the headers of a sign-in.

use super::scene::{ALICE, HOST, Pending, SESSION, assert_own_answer, browser, gate, signed_in};
use crate::support::client::raw;

/// The whole surface and what lies around it.
const TARGETS: &[&str] = &[
    "/",
    "/app",
    "/admin",
    "/.linkgate",
    "/.linkgate/",
    "/.linkgate/sign-in",
    "/.linkgate/sign-in?return_to=%2Fapp",
    "/.linkgate/signed-in?return_to=%2Fapp",
    "/.linkgate/sign-in?change=1",
    "/.linkgate/sign-in?lost=1",
    "/.linkgate/check-mail",
    "/.linkgate/wait",
    "/.linkgate/link/x",
    "/.linkgate/report/x",
    "/.linkgate/sign-out",
    "/.linkgate/account",
    "/.linkgate/api/session",
    "/.linkgate/check",
    "/.linkgate/jwks.json",
    "/.linkgate/assets/none.css",
    "/.linkgate/none",
    "/.linkgate//sign-in",
    "/.LINKGATE/sign-in",
    "/%2elinkgate/sign-in",
    "/.linkgate/sign-in/",
    "/.linkgate/resend",
    "/.linkgate/code",
    "/.linkgate/api/verify",
    "/x/../y",
    "/%00",
    "/\\",
];

#[tokio::test]
async fn every_answer_of_ours_is_guarded() {
    let gate = gate().await;
    let mut asking = Pending::ask(&gate, ALICE).await;
    let mut browsers = [browser(&gate), signed_in(&gate, ALICE).await, asking.browser.clone()];
    let own = [&format!("/.linkgate/link/{}", asking.token)];
    for browser in &mut browsers[..2] {
        for target in TARGETS.iter().copied().chain(own.iter().map(|text| text.as_str())) {
            for method in ["GET", "HEAD", "OPTIONS", "DELETE"] {
                // What ends a session has a test of its own below.
                if method == "DELETE" && target == "/.linkgate/api/session" {
                    continue;
                }
                for accept in ["text/html", "application/json", "*/*"] {
                    let of = format!("{method} {target} {accept}");
                    let answer = browser.send(method, target, &[("Accept", accept)], None).await;
                    assert!(answer.status > 0 && answer.status < 500, "{of}: {answer:?}");
                    assert_own_answer(&answer, &of);
                }
            }
        }
    }
    let page = asking.browser.get("/.linkgate/check-mail").await;
    assert_eq!(page.status, 200);
    assert_own_answer(&page, "check-mail");
    let log = gate.whole_log().await;
    assert!(!log.contains("panic"), "{log}");
}

/// A redirect after a POST is 303: 307 and 308 would send the form on, 301 would be remembered.
#[tokio::test]
async fn a_redirect_after_a_post_is_303() {
    let gate = gate().await;
    let mut pending = Pending::ask(&gate, ALICE).await;
    let resent = pending.browser.post("/.linkgate/resend", &[]).await;
    assert_eq!(resent.status, 429, "too soon");
    assert_own_answer(&resent, "resend");
    let code = gate.mail(ALICE, 1).await.code();
    let landed = pending.browser.post("/.linkgate/code", &[("code", &code)]).await;
    assert_eq!((landed.status, landed.location()), (303, "/app"));
    assert_own_answer(&landed, "code");
    let out = pending.browser.post("/.linkgate/sign-out", &[]).await;
    assert_eq!(out.status, 303);
    assert_own_answer(&out, "sign-out");
    let elsewhere = Pending::ask(&gate, ALICE).await;
    let target = format!("/.linkgate/link/{}", elsewhere.token);
    let wrong = browser(&gate).post(&target, &[("email", "bob@example.com")]).await;
    assert_eq!(wrong.status, 422);
    assert_own_answer(&wrong, "wrong address");
    let right = browser(&gate).post(&target, &[("email", ALICE)]).await;
    assert_eq!((right.status, right.location()), (303, "/app"));
    assert_own_answer(&right, "right address");
}

/// A cookie of ours is never readable by scripts, never sent in clear, never for a whole domain.
#[tokio::test]
async fn our_cookies_have_every_attribute() {
    let gate = gate().await;
    let pending = Pending::ask(&gate, ALICE).await;
    let target = format!("/.linkgate/link/{}", pending.token);
    let landed = pending.browser.clone().get(&target).await;
    let request = format!(
        "POST /.linkgate/sign-in HTTP/1.1\r\nHost: {HOST}\r\nOrigin: https://{HOST}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 23\r\n\r\n\
         email=alice@example.com"
    );
    let asked = raw(gate.address, request.as_bytes()).await;
    let rows: [(_, &[&str]); 2] =
        [(landed, &[SESSION, "__Host-linkgate-device"]), (asked, &["__Host-linkgate-browser"])];
    for (answer, names) in rows {
        let cookies = answer.all("set-cookie");
        assert_eq!(cookies.len(), names.len(), "{cookies:?}");
        for (cookie, name) in cookies.iter().zip(names) {
            assert!(cookie.starts_with(&format!("{name}=")), "{cookies:?}");
            for attribute in ["; HttpOnly", "; Secure", "; SameSite=Lax", "; Path=/"] {
                assert!(cookie.contains(attribute), "{attribute}: {cookies:?}");
            }
            assert!(!cookie.contains("Domain"), "{cookies:?}");
        }
    }
}
