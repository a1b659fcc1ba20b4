//! Names below a wildcard, of which a stranger may serve one.

use super::{signed_in_as, wait_state};
use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";

const WILDCARD: &str = r#"
  - name: tenants
    origin: http://*.localhost:$PORT
    upstream: $UPSTREAM
    allow: ["@example.com"]
"#;

over_every_store!(a_code_for_one_name_opens_no_other);

/// The same cookies at another name below the star, as only a program sends them.
fn at(gate: &Gate, name: &str, like: &Browser) -> Browser {
    let port = gate.address.port();
    let mut browser = like.clone();
    browser.host = format!("{name}.localhost:{port}");
    browser
}

/// Whoever serves `eve.` asks there for Ann, shows her a page of their own that wants the code of
/// the mail, which names `eve.`, and types it at `bob.`.
async fn a_code_for_one_name_opens_no_other(kind: Kind) {
    let gate = Gate::with(Wishes { sites: WILDCARD.to_owned(), ..kind.wishes() }).await;
    let mut eve = at(&gate, "eve", &gate.browser());
    assert_eq!(gate.ask(&mut eve, ANN, "/").await.status, 303);
    let mail = gate.mail(ANN, 1).await;
    assert!(mail.text.contains("eve.localhost") && !mail.text.contains("/.linkgate/link/"));
    let mut bob = at(&gate, "bob", &eve);
    assert_eq!(wait_state(&mut bob).await, "unknown");
    let waiting = bob.get("/.linkgate/check-mail").await;
    assert_eq!((waiting.status, waiting.location()), (303, "/.linkgate/sign-in"));
    let typed = bob.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert_eq!((typed.status, typed.location()), (303, "/.linkgate/sign-in"));
    assert_eq!(signed_in_as(&gate, &mut bob).await, None);
    let typed = eve.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert_eq!((typed.status, typed.location()), (303, "/"));
    assert_eq!(signed_in_as(&gate, &mut eve).await.as_deref(), Some(ANN));
    let mut bob = at(&gate, "bob", &eve);
    assert_eq!(signed_in_as(&gate, &mut bob).await, None, "nor does the session");
}
