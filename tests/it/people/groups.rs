//! Groups of now: of the account, of the configuration and of the watched file.

use tokio::io::AsyncReadExt;

use crate::support::app::application;
use crate::support::client::Browser;
use crate::support::events::{listen, news};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::{Kind, over_every_store};

const ANN: &str = "ann@example.com";

const SITES: &str = r#"
  - name: app
    origin: $ORIGIN
    upstream: $UPSTREAM
    allow: ["@example.com"]
    rules: [{ path: "/admin/**", allow: ["group:admins"] }]
groups: { admins: [], staff: ["@example.com"] }
"#;

over_every_store!(groups_of_an_account_count_now, a_stream_ends_with_the_group_that_let_it_through,);

async fn status(browser: &mut Browser, target: &str) -> u16 {
    browser.get(target).await.status
}

async fn groups_of_an_account_count_now(kind: Kind) {
    let gate = Gate::with(Wishes { sites: SITES.into(), ..kind.wishes() }).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    assert_eq!(status(&mut ann, "/admin/x").await, 403);
    gate.operator(&["accounts", "add", ANN, "--group", "admins", "--group", "zebras"]).done();
    // Another process has done it to a shared store: at once, or within a second.
    eventually("the group", async || (status(&mut ann, "/admin/x").await == 200).then_some(()))
        .await;
    let seen = gate.upstream.seen().pop().expect("a request");
    assert_eq!(seen.header("remote-groups"), "admins,staff,zebras");
    gate.operator(&["accounts", "add", ANN]).done();
    eventually("no group", async || (status(&mut ann, "/admin/x").await == 403).then_some(()))
        .await;
    assert_eq!(status(&mut ann, "/page").await, 200, "still signed in");
}

async fn a_stream_ends_with_the_group_that_let_it_through(kind: Kind) {
    let upstream = format!("http://{}", application(news).await);
    let sites = SITES.replace("$UPSTREAM", &upstream);
    let gate = Gate::with(Wishes { sites, ..kind.wishes() }).await;
    gate.operator(&["accounts", "add", ANN, "--group", "admins"]).done();
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    let mut of_admins = listen(&gate, &ann, "/admin/events").await;
    let of_all = listen(&gate, &ann, "/events").await;
    gate.operator(&["accounts", "add", ANN, "--group", "zebras"]).done();
    let mut rest = Vec::new();
    of_admins.read_to_end(&mut rest).await.expect("the end of the stream");
    let error = of_all.try_read(&mut [0; 1]).expect_err("the other one goes on");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(status(&mut ann, "/.linkgate/account").await, 200, "still signed in");
}

fn with_file(text: &str) -> (tempfile::TempDir, Wishes) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("groups.yaml"), text).expect("a file");
    let extra = format!("groups_file: \"{}\"", folder.path().join("groups.yaml").display());
    (folder, Wishes { sites: SITES.into(), extra, ..Wishes::default() })
}

/// Waits until `/readyz` says this.
async fn says(gate: &Gate, words: &str) {
    eventually(&format!("/readyz says {words:?}"), async || {
        gate.ready().await.text().contains(words).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_broken_file_holds_nothing_else_up() {
    let (folder, wishes) = with_file("admins: [ann@example.com]\n");
    let path = folder.path().join("groups.yaml");
    let sites = SITES.replace("[\"@example.com\"]", "[\"@example.com\", \"bob@partner.example\"]");
    let mut gate = Gate::with(Wishes { sites, ..wishes }).await;
    let (mut ann, mut bob) = (gate.browser(), gate.browser());
    gate.sign_in(&mut ann, ANN, "/").await;
    gate.sign_in(&mut bob, "bob@partner.example", "/").await;
    assert_eq!((status(&mut ann, "/admin/x").await, status(&mut bob, "/page").await), (200, 200));
    std::fs::write(&path, "admins: [everyone]\n").expect("a file");
    gate.edit(", \"bob@partner.example\"", "");
    eventually("bob is out", async || (status(&mut bob, "/page").await == 403).then_some(())).await;
    assert_eq!(status(&mut ann, "/admin/x").await, 200, "those from before hold");
    let held = "what held before holds here: ";
    says(&gate, &format!("{held}{}:1:10: admins[0]: cannot be in a group\n", path.display())).await;
    let log = gate.whole_log().await;
    assert!(log.contains("what held before holds here"), "{log}");
    assert!(log.contains("admins[0]: cannot be in a group: `everyone`"), "{log}");
    // Of another file nothing good is known.
    gate.edit("groups.yaml", "nowhere.yaml");
    says(&gate, "not changed at").await;
    assert_eq!(status(&mut ann, "/admin/x").await, 200);
    gate.edit("nowhere.yaml", "groups.yaml");
    says(&gate, held).await;
    // At a start there is nothing to keep.
    gate.kill();
    let told = gate.operator(&["serve"]);
    assert_eq!(told.code, 64);
    assert!(told.err.contains("admins[0]: cannot be in a group"), "{}", told.err);
}

#[tokio::test]
async fn who_was_in_a_group_that_has_left_the_file_is_out() {
    let (folder, mut wishes) = with_file("reviewers: [ann@example.com]\nadmins: []\n");
    wishes.sites = SITES.replace("group:admins", "group:reviewers");
    let path = folder.path().join("groups.yaml");
    let gate = Gate::with(wishes).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    assert_eq!(status(&mut ann, "/admin/x").await, 200);
    // The last reviewer has left, and whatever writes the file leaves empty groups out.
    for text in ["admins: []\n", "admins: [bob@example.com]\n"] {
        std::fs::write(&path, text).expect("a file");
        says(&gate, "rules[0].allow[0]: names a group that is no longer in `groups_file`").await;
        assert_eq!(status(&mut ann, "/admin/x").await, 403, "{text}");
        // Whoever mends it, mends it.
        std::fs::write(&path, "reviewers: [\"@example.com\"]\n").expect("a file");
        eventually("ann is in", async || (status(&mut ann, "/admin/x").await == 200).then_some(()))
            .await;
        eventually("nothing is left to complain about", async || {
            (!gate.ready().await.text().contains("no longer")).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn the_file_is_read_anew_and_a_broken_one_changes_nothing() {
    let (folder, wishes) = with_file("admins: []\n");
    let path = folder.path().join("groups.yaml");
    let gate = Gate::with(wishes).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    assert_eq!(status(&mut ann, "/admin/x").await, 403);
    std::fs::write(&path, "admins: [Ann@example.com]\n").expect("a file");
    eventually("the group", async || (status(&mut ann, "/admin/x").await == 200).then_some(()))
        .await;
    assert_eq!(gate.upstream.seen().pop().expect("seen").header("remote-groups"), "admins,staff");
    for (broken, why) in [
        ("admins: [ann@example.com\n", "is not valid YAML"),
        ("admins: [everyone]\n", "cannot be in a group"),
        ("- admins\n", "must be a map"),
    ] {
        std::fs::write(&path, broken).expect("a file");
        eventually(why, async || gate.log().contains(why).then_some(())).await;
        assert_eq!(status(&mut ann, "/admin/x").await, 200, "{broken}: those from before hold");
    }
    std::fs::remove_file(&path).expect("a file");
    eventually("it is gone", async || gate.log().contains("does not exist").then_some(())).await;
    assert_eq!(status(&mut ann, "/admin/x").await, 200);
    std::fs::write(&path, "admins: []\n").expect("a file");
    eventually("no group", async || (status(&mut ann, "/admin/x").await == 403).then_some(()))
        .await;
}
