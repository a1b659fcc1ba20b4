//! Many tabs of one browser that ask at once.

use super::{SESSION, signed_in_as};
use crate::support::client::{Answer, Browser};
use crate::support::gate::Gate;
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";
const TABS: usize = 24;

over_every_store!(any_of_many_tabs_may_finish);

/// What each tab sends is on its way before any has its answer: they share the cookies of the start.
async fn at_once(
    gate: &Gate,
    browser: &mut Browser,
    ask: impl AsyncFn(&Gate, &mut Browser, usize) -> Answer,
) -> Vec<Answer> {
    let start = browser.cookies.clone();
    let tabs = (0..TABS).map(|tab| {
        let mut copy = Browser::new(gate.address, &gate.host);
        copy.cookies = start.clone();
        let ask = &ask;
        async move {
            let answer = ask(gate, &mut copy, tab).await;
            (answer, copy.cookies)
        }
    });
    let mut answers = Vec::new();
    for (answer, cookies) in futures(tabs).await {
        browser.cookies.extend(cookies);
        answers.push(answer);
    }
    answers
}

/// Runs all at once in this task.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut pending: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(|context| {
        let mut is_done = true;
        for (future, done) in &mut pending {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => is_done = false,
                }
            }
        }
        if is_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    pending.into_iter().filter_map(|(_, done)| done).collect()
}

async fn any_of_many_tabs_may_finish(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    let stopped = at_once(&gate, &mut browser, async |_, tab, number| {
        tab.get(&format!("/page/{number}")).await
    })
    .await;
    for (number, answer) in stopped.iter().enumerate() {
        let place = format!("/.linkgate/sign-in?return_to=%2Fpage%2F{number}");
        assert_eq!((answer.status, answer.location()), (303, &*place));
    }
    assert_eq!(browser.cookies.len(), 0, "a tab that was stopped leaves nothing");
    // One form is posted first; then the browser has its cookie, and the other tabs post theirs.
    assert_eq!(gate.ask(&mut browser, ANN, "/page/first").await.status, 303);
    let few = browser.cookies.len();
    let asked = at_once(&gate, &mut browser, async |gate, tab, number| {
        gate.ask(tab, ANN, &format!("/page/{number}")).await
    })
    .await;
    assert!(asked.iter().all(|answer| answer.status == 303));
    assert_eq!(browser.cookies.len(), few, "no pile of cookies: {:?}", browser.cookies.keys());
    let mails = (0..=TABS).map(|number| gate.mail(ANN, number + 1));
    let mails = futures(mails).await;
    // A newer mail replaces an older one of the same browser and person: one of them signs in. Those
    // before lead to a page with a button, those after, as somebody is signed in, to their page.
    let mut sessions = std::collections::BTreeSet::new();
    for mail in &mails {
        let answer = browser.get(&mail.link()).await;
        sessions.extend(browser.cookies.get(SESSION).cloned());
        assert_eq!(answer.status, if sessions.is_empty() { 410 } else { 303 }, "{}", answer.text());
        assert!(sessions.is_empty() || answer.location().starts_with("/page/"));
    }
    assert_eq!(sessions.len(), 1, "one link signs in");
    // The session wins in every tab, whatever it was doing.
    let forms = at_once(&gate, &mut browser, async |_, tab, number| {
        tab.get(&format!("/.linkgate/sign-in?return_to=%2Fpage%2F{number}")).await
    })
    .await;
    for (number, answer) in forms.iter().enumerate() {
        assert_eq!((answer.status, answer.location()), (303, &*format!("/page/{number}")));
    }
    let waiting = browser.get("/.linkgate/check-mail").await;
    assert_eq!(waiting.status, 303, "the waiting tab goes on by itself: {}", waiting.text());
    assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some(ANN));
}

/// Tabs that ask at the very first moment, when the browser has no cookie yet, each get one; the
/// browser keeps the last. The link of that one signs in, and any other asks for the address as in
/// another browser.
#[tokio::test]
async fn tabs_that_race_for_the_first_cookie_are_not_locked_out() {
    let gate = Gate::start().await;
    let mut browser = gate.browser();
    let asked = at_once(&gate, &mut browser, async |gate, tab, number| {
        gate.ask(tab, ANN, &format!("/page/{number}")).await
    })
    .await;
    assert!(asked.iter().all(|answer| answer.status == 303));
    assert!(browser.cookies.len() <= 2, "{:?}", browser.cookies.keys());
    let mut landed = 0;
    for number in 0..TABS {
        let link = gate.mail(ANN, number + 1).await.link();
        let answer = browser.get(&link).await;
        assert!(matches!(answer.status, 200 | 303 | 410), "{}", answer.text());
        landed += usize::from(answer.status == 303);
        if answer.status == 200 && landed == 0 {
            assert!(answer.text().contains("name=\"email\""), "the address opens it here, too");
        }
    }
    assert!(landed >= 1, "the browser's own link signs in");
    assert!(browser.cookies.contains_key(SESSION));
    assert!(browser.cookies.len() <= 4, "{:?}", browser.cookies.keys());
}
