//! Two nodes over one Redis: one link is one session, wherever it is clicked.

use crate::flow::{SESSION, signed_in_as};
use crate::support::eventually;
use crate::support::gate::{Gate, Mail, Wishes};
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";
const SITES: &str = r#"
  - name: app
    origin: http://app.localhost
    upstream: $UPSTREAM
    allow: ["@example.com"]
"#;

async fn node(kind: &Kind) -> Gate {
    let mut gate = Gate::with(Wishes { sites: SITES.into(), ..kind.wishes() }).await;
    gate.host = "app.localhost".into();
    gate
}

/// Either node may send a mail; both may, after a crash.
async fn mail(nodes: [&Gate; 2], count: usize) -> Vec<Mail> {
    eventually(&format!("mail {count}"), async || {
        let mails: Vec<_> = nodes.iter().flat_map(|node| node.mails()).collect();
        (mails.len() == count).then_some(mails)
    })
    .await
}

#[tokio::test]
async fn one_link_signs_in_once_over_all_nodes() {
    let kind = Kind::redis().await;
    let (here, there) = (node(&kind).await, node(&kind).await);
    let mut known: Vec<String> = Vec::new();
    for round in 1..=5 {
        let mut asker = here.browser();
        here.ask(&mut asker, ANN, "/x").await;
        let mails = mail([&here, &there], round).await;
        let mut links = mails.iter().map(Mail::link).filter(|link| !known.contains(link));
        let link = links.next().expect("a new link");
        known.push(link.clone());
        let clicks: Vec<_> = (0..64)
            .map(|number| {
                let mut browser = if number % 2 == 0 { here.browser() } else { there.browser() };
                browser.cookies = asker.cookies.clone();
                let link = link.clone();
                tokio::spawn(async move {
                    let answer = browser.get(&link).await;
                    (answer.status, browser.cookies.get(SESSION).cloned())
                })
            })
            .collect();
        let mut sessions = Vec::new();
        for click in clicks {
            match click.await.expect("no panic") {
                (303, Some(session)) => sessions.push(session),
                (410, None) => {}
                other => panic!("round {round}: {other:?}"),
            }
        }
        assert_eq!(sessions.len(), 1, "round {round}");
        let (mut at_here, mut at_there) = (here.browser(), there.browser());
        for browser in [&mut at_here, &mut at_there] {
            browser.cookies.insert(SESSION.to_owned(), sessions[0].clone());
        }
        assert_eq!(signed_in_as(&here, &mut at_here).await.as_deref(), Some(ANN));
        assert_eq!(signed_in_as(&there, &mut at_there).await.as_deref(), Some(ANN));
        at_here.post("/.linkgate/sign-out", &[]).await;
        // The news is on its way for a fraction of a millisecond.
        eventually("it has ended on every node", async || {
            signed_in_as(&there, &mut at_there).await.is_none().then_some(())
        })
        .await;
    }
}
