//! `kill -9` and a start again, over the embedded store: what was acknowledged is there, and what
//! was spent stays spent.

use std::cell::Cell;
use std::process::Command;

use crate::flow::{SESSION, signed_in_as};
use crate::support::client::Browser;
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";

async fn crash(gate: &mut Gate) {
    gate.kill();
    gate.run().await;
}

#[tokio::test]
async fn a_kill_at_every_step_of_the_flow_loses_nothing() {
    let mut gate = Kind::embedded().gate().await;
    let mut browser = gate.browser();
    assert_eq!(gate.ask(&mut browser, ANN, "/deep").await.status, 303);
    crash(&mut gate).await;
    let mail = gate.mail(ANN, 1).await;
    crash(&mut gate).await;
    assert_eq!(crate::flow::wait_state(&mut browser).await, "waiting");
    let mut other = gate.browser();
    assert_eq!(other.get(&mail.link()).await.status, 200);
    crash(&mut gate).await;
    let landed = browser.get(&mail.link()).await;
    assert_eq!((landed.status, landed.location()), (303, "/deep"));
    crash(&mut gate).await;
    assert_eq!(signed_in_as(&gate, &mut browser).await.as_deref(), Some(ANN));
    assert_eq!(other.get(&mail.link()).await.status, 410, "a spent link stays spent");
    assert_eq!(other.post(&mail.link(), &[("email", ANN)]).await.status, 410);
    let again = browser.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert!(!matches!(again.status, 200) && again.all("set-cookie").is_empty());
    let before = browser.clone();
    assert_eq!(browser.post("/.linkgate/sign-out", &[]).await.status, 303);
    crash(&mut gate).await;
    assert_eq!(signed_in_as(&gate, &mut before.clone()).await, None, "an ended session stays so");
}

#[tokio::test]
async fn a_kill_between_telephone_and_computer_loses_neither() {
    let mut gate = Kind::embedded().gate().await;
    let (mut computer, mut telephone) = (gate.browser(), gate.browser());
    gate.ask(&mut computer, ANN, "/").await;
    let mail = gate.mail(ANN, 1).await;
    assert_eq!(telephone.post(&mail.link(), &[("email", ANN)]).await.status, 303);
    crash(&mut gate).await;
    assert_eq!(signed_in_as(&gate, &mut telephone).await.as_deref(), Some(ANN));
    let code = computer.post("/.linkgate/code", &[("code", &mail.code())]).await;
    assert_eq!(code.status, 303);
    crash(&mut gate).await;
    assert_eq!(signed_in_as(&gate, &mut computer).await.as_deref(), Some(ANN));
    assert_eq!(signed_in_as(&gate, &mut telephone).await.as_deref(), Some(ANN));
}

#[tokio::test]
async fn a_kill_gives_nobody_more_tries_or_mails() {
    let sign_in = "limits: { email: 3/1h, ip: 1000/1h }".to_owned();
    let mut gate = Gate::with(Wishes { sign_in, ..Kind::embedded().wishes() }).await;
    let mut browser = gate.browser();
    for _ in 0..3 {
        assert_eq!(gate.ask(&mut browser, ANN, "/").await.status, 303);
        crash(&mut gate).await;
    }
    assert_eq!(gate.ask(&mut browser, ANN, "/").await.status, 429);
    let mail = gate.mail(ANN, 3).await;
    let wrong = if mail.code() == "BBBB-BBBB" { "CCCC-CCCC" } else { "BBBB-BBBB" };
    for _ in 0..4 {
        assert_eq!(browser.post("/.linkgate/code", &[("code", wrong)]).await.status, 422);
        crash(&mut gate).await;
    }
    assert_eq!(browser.post("/.linkgate/code", &[("code", wrong)]).await.status, 429);
    crash(&mut gate).await;
    assert_eq!(browser.post("/.linkgate/code", &[("code", &mail.code())]).await.status, 429);
    // "I did not ask for this" is kept, too.
    let reported = gate.browser().post(&mail.report(), &[("email", ANN)]).await;
    assert_eq!(reported.status, 200);
    crash(&mut gate).await;
    assert_eq!(browser.get(&mail.link()).await.status, 410);
}

/// How far somebody got, as far as linkgate has said so.
#[derive(Default)]
struct Acknowledged {
    asked: Vec<(String, Browser)>,
    signed_in: Vec<(String, Browser, String)>,
    signed_out: Vec<Browser>,
}

#[tokio::test]
async fn a_kill_at_any_moment_loses_nothing_acknowledged() {
    let mut gate = Kind::embedded().gate().await;
    let mut people = 0;
    for life in 0..6 {
        let (steps, end) = (Cell::new(0), 7 + life * 11);
        let lives = tokio::join!(
            live(&gate, format!("a{life}"), &steps, end),
            live(&gate, format!("b{life}"), &steps, end),
            live(&gate, format!("c{life}"), &steps, end),
            live(&gate, format!("d{life}"), &steps, end),
        );
        gate.kill();
        gate.run().await;
        for said in [lives.0, lives.1, lives.2, lives.3] {
            people += said.signed_in.len() + said.signed_out.len();
            check(&gate, said).await;
        }
    }
    assert!(people > 30, "only {people} sign-ins");
}

/// Signs people in until the process dies; the step that is the last one kills it.
async fn live(gate: &Gate, name: String, steps: &Cell<u32>, end: u32) -> Acknowledged {
    let mut said = Acknowledged::default();
    let acknowledged = || {
        steps.set(steps.get() + 1);
        if steps.get() == end {
            let killed = Command::new("kill").args(["-9", &gate.pid().to_string()]).status();
            assert!(killed.expect("kill").success());
        }
    };
    for number in 0.. {
        let (address, mut browser) = (format!("{name}-{number}@example.com"), gate.browser());
        let asked = gate.ask(&mut browser, &address, "/").await;
        if asked.status == 0 {
            break;
        }
        assert_eq!(asked.status, 303);
        acknowledged();
        said.asked.push((address.clone(), browser.clone()));
        if steps.get() >= end {
            break;
        }
        let waiting =
            tokio::time::timeout(std::time::Duration::from_secs(2), gate.mail(&address, 1));
        let Ok(mail) = waiting.await else { break };
        let clicked = browser.get(&mail.link()).await;
        if clicked.status == 0 {
            // Nobody was told whether it was spent.
            said.asked.pop();
            break;
        }
        assert_eq!(clicked.status, 303);
        acknowledged();
        said.asked.pop();
        if number % 3 != 2 {
            said.signed_in.push((address, browser, mail.link()));
            continue;
        }
        let before = browser.clone();
        if browser.post("/.linkgate/sign-out", &[]).await.status == 0 {
            break;
        }
        acknowledged();
        said.signed_out.push(before);
    }
    said
}

async fn check(gate: &Gate, said: Acknowledged) {
    for (address, mut browser) in said.asked {
        let link = gate.mail(&address, 1).await.link();
        assert_eq!(browser.get(&link).await.status, 303, "{address}");
        assert!(browser.cookies.contains_key(SESSION));
    }
    for (address, mut browser, link) in said.signed_in {
        let who = signed_in_as(gate, &mut browser).await;
        assert_eq!(who.as_deref(), Some(&*address));
        assert_eq!(gate.browser().get(&link).await.status, 410, "{address}: spent twice");
    }
    for mut browser in said.signed_out {
        assert_eq!(signed_in_as(gate, &mut browser).await, None);
    }
}
