//! Adding, suspending and removing people, by command beside the running process.

use redis::AsyncCommands;

use crate::flow::{SESSION, signed_in_as};
use crate::streams::websocket::closed;
use crate::support::app::application;
use crate::support::events::{listen, news};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::redis::RedisServer;
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@partner.example";
const GUEST: &str = "guest@elsewhere.example";

over_every_store!(
    who_is_suspended_is_out_at_once_and_stays_out,
    a_link_sent_before_the_suspension_is_worth_nothing,
    accounts_let_guests_in_until_they_are_removed,
    operators_see_and_end_sessions,
    to_resume_or_to_add_somebody_ends_no_session,
    a_mistake_in_the_configuration_keeps_nobody_in,
);

async fn who_is_suspended_is_out_at_once_and_stays_out(kind: Kind) {
    let gate = kind.gate().await;
    let (mut ann, mut bob) = (gate.browser(), gate.browser());
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.sign_in(&mut bob, BOB, "/").await;
    assert_eq!(ann.get("/page").await.status, 200);
    assert_eq!(gate.operator(&["accounts", "suspend", ANN]).done(), "ann@example.com: suspended\n");
    gate.upstream.forget();
    let stopped = ann.get("/page").await;
    assert_eq!((stopped.status, gate.upstream.seen().len()), (303, 0));
    assert!(stopped.location().starts_with("/.linkgate/sign-in?"));
    assert_eq!(signed_in_as(&gate, &mut ann).await, None);
    assert_eq!(bob.get("/page").await.status, 200, "nobody else is touched");
    // The form answers as ever, and no mail leaves: one that was asked for later is there first.
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    gate.sign_in(&mut gate.browser(), BOB, "/").await;
    assert_eq!(gate.mails().iter().filter(|mail| mail.to == ANN).count(), 1);
    // To suspend and resume makes nobody a person with an account.
    assert_eq!(gate.operator(&["accounts", "resume", ANN]).done(), "done: there is no account\n");
    let listed = gate.operator(&["accounts", "list", "--json"]).json();
    assert_eq!(listed, serde_json::json!({ "accounts": [] }));
    assert_eq!(signed_in_as(&gate, &mut ann).await, None, "what has ended stays so");
    gate.sign_in(&mut ann, ANN, "/").await;
    assert_eq!(ann.get("/page").await.status, 200);
}

async fn a_link_sent_before_the_suspension_is_worth_nothing(kind: Kind) {
    let gate = kind.gate().await;
    let mut browser = gate.browser();
    gate.ask(&mut browser, ANN, "/").await;
    let mail = gate.mail(ANN, 1).await;
    gate.operator(&["accounts", "suspend", ANN]).done();
    let opened = browser.get(&mail.link()).await;
    assert_eq!(opened.status, 410, "{}", opened.text());
    assert!(!opened.text().to_lowercase().contains("suspend"));
    assert_eq!(browser.post("/.linkgate/code", &[("code", &mail.code())]).await.status, 410);
    let elsewhere = gate.browser().post(&mail.link(), &[("email", ANN)]).await;
    assert_eq!(elsewhere.status, 410);
    assert!(!browser.cookies.contains_key(SESSION) && elsewhere.all("set-cookie").is_empty());
    // Nothing was spent either: after the suspension the same link works.
    gate.operator(&["accounts", "resume", ANN]).done();
    assert_eq!(browser.get(&mail.link()).await.status, 303);
    assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some(ANN));
}

const GUESTS: &str = r#"
  - { name: app, origin: $ORIGIN, upstream: $UPSTREAM, allow: [accounts, "bob@partner.example"] }
"#;

async fn accounts_let_guests_in_until_they_are_removed(kind: Kind) {
    let gate = Gate::with(Wishes { sites: GUESTS.into(), ..kind.wishes() }).await;
    let mut guest = gate.browser();
    assert_eq!(gate.ask(&mut guest, GUEST, "/").await.status, 303);
    gate.sign_in(&mut gate.browser(), BOB, "/").await;
    assert!(gate.mails().iter().all(|mail| mail.to == BOB), "no account, no mail");
    let added = gate.operator(&["accounts", "add", "Guest@elsewhere.example", "--name", "Gus T."]);
    assert_eq!(added.done(), "Guest@elsewhere.example: active\n");
    // The mail goes to the spelling of the account, not to what was typed.
    assert_eq!(gate.ask(&mut guest, "GUEST@elsewhere.example", "/").await.status, 303);
    let mail = gate.mail("Guest@elsewhere.example", 1).await;
    assert_eq!(guest.get(&mail.link()).await.status, 303);
    assert_eq!(guest.get("/page").await.status, 200);
    let table = gate.operator(&["accounts", "list"]).done();
    let row = table.lines().nth(1).expect("a row");
    assert!(table.starts_with("ADDRESS") && row.starts_with("Guest@elsewhere.example  active"));
    assert!(row.contains("Gus T.") && row.contains("added"), "{table}");
    gate.operator(&["accounts", "remove", GUEST]).done();
    assert_eq!(guest.get("/page").await.status, 303, "the session ended with the account");
    assert_eq!(gate.operator(&["accounts", "remove", GUEST]).code, 1);
}

async fn operators_see_and_end_sessions(kind: Kind) {
    let gate = kind.gate().await;
    let (mut first, mut second) = (gate.browser(), gate.browser());
    gate.sign_in(&mut first, ANN, "/").await;
    gate.sign_in(&mut second, ANN, "/").await;
    let listed = gate.operator(&["sessions", "list", ANN, "--json"]).json();
    let handles: Vec<_> = listed["sessions"].as_array().expect("a list").iter().collect();
    assert_eq!(handles.len(), 2);
    let handle = handles[0]["handle"].as_str().expect("a handle");
    assert_eq!(gate.operator(&["sessions", "end", BOB, "--session", handle]).code, 1, "not theirs");
    assert_eq!(gate.operator(&["sessions", "end", ANN, "--session", "x"]).code, 64);
    assert_eq!(gate.operator(&["sessions", "end", ANN, "--session", handle]).done(), "ended: 1\n");
    let mut left = 0;
    for browser in [&mut first, &mut second] {
        left += usize::from(signed_in_as(&gate, browser).await.is_some());
    }
    assert_eq!(left, 1);
    assert_eq!(gate.operator(&["sessions", "end", ANN]).done(), "ended: 1\n");
    for browser in [&mut first, &mut second] {
        assert_eq!(signed_in_as(&gate, browser).await, None);
    }
    assert_eq!(gate.operator(&["sessions", "list", ANN]).done().lines().count(), 1, "the heads");
}

async fn to_resume_or_to_add_somebody_ends_no_session(kind: Kind) {
    let gate = kind.gate().await;
    let (mut first, mut second) = (gate.browser(), gate.browser());
    gate.sign_in(&mut first, ANN, "/").await;
    gate.sign_in(&mut second, ANN, "/").await;
    let mut both_are_in = async || {
        let here = signed_in_as(&gate, &mut first).await;
        here.as_deref() == Some(ANN) && signed_in_as(&gate, &mut second).await == here
    };
    // Without an account, and then with one that is active.
    for account in [&["accounts", "list"][..], &["accounts", "add", ANN, "--name", "Ann"]] {
        gate.operator(account).done();
        assert!(both_are_in().await, "{account:?}");
        let told = gate.operator(&["accounts", "resume", ANN]);
        assert_eq!((told.code, &*told.out), (1, ""), "{}", told.err);
        assert!(told.err.contains("is not suspended"), "{}", told.err);
        assert!(both_are_in().await, "{account:?}");
    }
    let listed = gate.operator(&["sessions", "list", ANN, "--json"]).json();
    assert_eq!(listed["sessions"].as_array().map(Vec::len), Some(2));
    // That this way of looking sees an end.
    gate.operator(&["accounts", "suspend", ANN]).done();
    assert!(!both_are_in().await);
    gate.operator(&["accounts", "resume", ANN]).done();
    assert!(!both_are_in().await, "what has ended stays so");
}

#[tokio::test]
async fn what_is_mistyped_names_nobody_and_says_so() {
    let mut gate = Kind::embedded().gate().await;
    for arguments in [
        &["accounts", "suspend", "ann"][..],
        &["accounts", "suspend", "ann@example.com,bob@example.com"],
        &["accounts", "suspend", "Ann <ann@example.com>"],
        &["accounts", "add", ANN, "--group", "a,b"],
        &["accounts", "add", ANN, "--name", "a\nb"],
        &["accounts", "add"],
        &["accounts", "rename", ANN],
    ] {
        let told = gate.operator(arguments);
        assert_eq!((told.code, &*told.out), (64, ""), "{arguments:?}: {}", told.err);
        assert!(!told.err.is_empty());
    }
    assert_eq!(gate.operator(&["accounts", "resume", ANN]).code, 1, "not suspended");
    assert_eq!(gate.operator(&["accounts", "list"]).done().lines().count(), 1);
    // Without the process, the same over the store itself.
    gate.kill();
    gate.operator(&["accounts", "add", ANN, "--group", "staff"]).done();
    gate.run().await;
    let listed = gate.operator(&["accounts", "list", "--json"]).json();
    assert_eq!(listed["accounts"][0]["groups"], serde_json::json!(["staff"]));
}

#[tokio::test]
async fn a_store_that_is_nobodys_to_open_is_told() {
    let mut gate = Kind::memory().gate().await;
    gate.kill();
    let told = gate.operator(&["accounts", "list"]);
    assert_eq!(told.code, 1);
    assert!(told.err.contains("no linkgate answers at 127.0.0.1:"), "{}", told.err);
}

/// The step that suspends ends what it finds. What it does not find, because Redis has dropped the
/// index for want of memory, must not count either.
#[tokio::test]
async fn who_is_suspended_is_out_even_where_no_session_was_found() {
    let server = RedisServer::start().await;
    let gate = Gate::with(Kind::at(&server.url()).wishes()).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    assert_eq!(ann.get("/page").await.status, 200);
    let mut connection = server.connection().await.expect("a connection");
    let keys: Vec<String> =
        redis::cmd("KEYS").arg("*:person:*").query_async(&mut connection).await.expect("keys");
    assert_eq!(keys.len(), 1);
    let gone: u64 = redis::cmd("DEL").arg(&keys).query_async(&mut connection).await.expect("gone");
    assert_eq!(gone, 1);
    gate.operator(&["accounts", "suspend", ANN]).done();
    eventually("ann is out", async || (ann.get("/page").await.status == 303).then_some(())).await;
    assert_eq!(ann.get("/.linkgate/api/session").await.status, 401);
    gate.operator(&["accounts", "resume", ANN]).done();
}

/// Of another version, or damaged: it may be a suspension, so it is taken for one.
#[tokio::test]
async fn who_has_an_account_that_cannot_be_read_is_out_as_if_suspended() {
    let server = RedisServer::start().await;
    let upstream = format!("http://{}", application(news).await);
    let sites = format!(
        "\n  - {{ name: app, origin: $ORIGIN, upstream: {upstream}, allow: [\"@example.com\"] }}\n"
    );
    let gate = Gate::with(Wishes { sites, ..Kind::at(&server.url()).wishes() }).await;
    gate.operator(&["accounts", "add", ANN]).done();
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    let mut asking = gate.browser();
    gate.ask(&mut asking, ANN, "/").await;
    let mail = gate.mail(ANN, 2).await;
    let mut stream = listen(&gate, &ann, "/events").await;
    let mut redis = server.connection().await.expect("a connection");
    let keys: Vec<String> = redis.keys("*:account:*").await.expect("keys");
    assert_eq!(keys.len(), 1);
    let _: usize = redis.hset(&keys[0], "v", "2").await.expect("another version");
    let session = "/.linkgate/api/session";
    eventually("ann is out", async || (ann.get(session).await.status == 401).then_some(())).await;
    closed(&mut stream).await;
    assert_eq!(ann.get("/page").await.status, 303);
    // As somebody who is suspended: the form answers as ever, no mail leaves, no link works.
    assert_eq!(asking.get(&mail.link()).await.status, 410);
    assert_eq!(gate.ask(&mut gate.browser(), ANN, "/").await.status, 303);
    gate.sign_in(&mut gate.browser(), "dan@example.com", "/.linkgate/account").await;
    assert_eq!(gate.mails().iter().filter(|mail| mail.to == ANN).count(), 2);
    let log = gate.whole_log().await;
    assert!(log.contains("an account cannot be read, and its person counts as suspended"), "{log}");
    assert!(!log.contains(ANN), "{log}");
    // Nobody writes over it, and the version that can read it finds it as it was.
    assert_eq!(gate.operator(&["accounts", "resume", ANN]).code, 1);
    assert_eq!(gate.operator(&["accounts", "add", ANN]).code, 1);
    let _: usize = redis.hset(&keys[0], "v", "1").await.expect("as it was");
    gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    eventually("ann is in", async || (ann.get(session).await.status == 200).then_some(())).await;
}

over_every_store!(a_store_of_another_secret_is_refused);

/// People are found by a hash under the secret: with another one a command would find nobody and say
/// that it was done, and somebody who is suspended would be a stranger.
async fn a_store_of_another_secret_is_refused(kind: Kind) {
    let mut gate = kind.gate().await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    let is_ours = gate.path("secret");
    let ours = std::fs::read(&is_ours).expect("the secret");
    std::fs::write(&is_ours, "another secret of thirty-two bytes and more").expect("written");
    if gate.is_alone() {
        // The commands speak to the process, which has the right one.
        gate.operator(&["accounts", "suspend", BOB]).done();
    } else {
        for command in [
            &["accounts", "suspend", ANN][..],
            &["accounts", "list"],
            &["sessions", "end", ANN],
            &["tokens", "list"],
            &["keys", "list"],
            &["keys", "rotate", "--now"],
        ] {
            let told = gate.operator(command);
            assert_eq!((told.code, &*told.out), (1, ""), "{command:?}");
            assert!(told.err.contains("belongs to another secret"), "{}", told.err);
        }
    }
    assert_eq!(ann.get("/page").await.status, 200, "nothing was changed");
    gate.kill();
    if gate.keeps_its_store() {
        let told = gate.operator(&["serve"]);
        assert_eq!(told.code, 1, "{}", told.out);
        assert!(told.err.contains("belongs to another secret"), "{}", told.err);
        assert!(!told.err.contains("another secret of thirty"), "{}", told.err);
    }
    std::fs::write(&is_ours, ours).expect("written");
    if gate.keeps_its_store() {
        gate.run().await;
        assert_eq!(ann.get("/page").await.status, 200, "as it was");
    }
}

/// Somebody has to be out now, and the file is being worked on.
async fn a_mistake_in_the_configuration_keeps_nobody_in(kind: Kind) {
    let gate = kind.gate().await;
    let (mut ann, mut bob) = (gate.browser(), gate.browser());
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.sign_in(&mut bob, BOB, "/").await;
    gate.edit("sites:", "nobody_knows_this: 1\nsites:");
    let went_on = |arguments: &[&str]| {
        let told = gate.operator(arguments);
        assert_eq!(told.code, 0, "{}", told.err);
        assert!(told.err.contains("nobody_knows_this: is no key that we know"), "{}", told.err);
        assert!(told.err.ends_with("this command needs nothing of that, and goes on\n"));
        told.out
    };
    assert_eq!(went_on(&["accounts", "suspend", ANN]), "ann@example.com: suspended\n");
    assert_eq!(ann.get("/page").await.status, 303);
    assert!(went_on(&["sessions", "list"]).contains(BOB));
    assert_eq!(went_on(&["sessions", "end", BOB]), "ended: 1\n");
    assert_eq!(bob.get("/page").await.status, 303);
    assert_eq!(went_on(&["tokens", "list"]).lines().count(), 1, "the heads");
    // It is written beside the answer.
    let recorded = || went_on(&["audit", "--event", "account_suspended"]).contains(ANN);
    eventually("it is in the record", async || recorded().then_some(())).await;
    // Nobody is let in by a file that is not right.
    let added = gate.operator(&["accounts", "add", GUEST]);
    assert_eq!((added.code, &*added.out), (64, ""), "{}", added.err);
    // Nor is anything done in another store than the one that is meant.
    gate.edit("store:", "stroe:");
    assert_eq!(gate.operator(&["accounts", "suspend", BOB]).code, 64);
}

/// An address that is mistyped may be that of another linkgate on the same machine, which would say that it was
/// done.
#[tokio::test]
async fn with_a_mistake_in_the_configuration_another_installation_does_nothing() {
    let wishes = || Wishes { own_secret: true, ..Kind::embedded().wishes() };
    let (one, other) = (Gate::with(wishes()).await, Gate::with(wishes()).await);
    let mut ann = other.browser();
    other.sign_in(&mut ann, ANN, "/").await;
    one.edit("sites:", "nobody_knows_this: 1\nsites:");
    one.edit(&one.admin.to_string(), &other.admin.to_string());
    for command in
        [&["accounts", "suspend", ANN][..], &["sessions", "end", ANN], &["sessions", "list"]]
    {
        let told = one.operator(command);
        assert_eq!((told.code, &*told.out), (1, ""), "{command:?}");
        assert!(told.err.contains("has another secret"), "{}", told.err);
    }
    assert_eq!(ann.get("/page").await.status, 200);
}

/// Only the secret tells whose process it is that answers. Nor is one made: with it everybody would be a stranger.
#[tokio::test]
async fn with_a_mistake_in_the_configuration_and_no_secret_nothing_is_done() {
    let gate = Kind::embedded().gate().await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.edit("sites:", "nobody_knows_this: 1\nsites:");
    let secret = gate.path("secret");
    std::fs::rename(&secret, gate.path("secret.away")).expect("moved");
    for command in [&["accounts", "suspend", ANN][..], &["sessions", "end", ANN], &["audit"]] {
        let told = gate.operator(command);
        assert_eq!((told.code, &*told.out), (64, ""), "{command:?}: {}", told.err);
        assert!(!told.err.contains("needs nothing of that"), "{}", told.err);
    }
    assert!(!secret.exists(), "and none is made");
    assert_eq!(ann.get("/page").await.status, 200);
}
