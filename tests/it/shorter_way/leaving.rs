//! Requests that are under way when another process takes over.

use std::sync::Arc;

use tokio::sync::Notify;

use super::BOTH;
use super::heard::Talk;
use crate::support::app::{application, head, site};
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";

/// By then the store is another process's: what was decided is not decided again.
#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_fails_after_an_upgrade_is_what_has_failed() {
    for way in BOTH {
        let (come, fail) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (tell, told) = (Arc::clone(&come), Arc::clone(&fail));
        let upstream = application(move |mut stream| {
            let (come, fail) = (Arc::clone(&tell), Arc::clone(&told));
            async move {
                if head(&mut stream).await.is_some() {
                    come.notify_one();
                    fail.notified().await;
                }
            }
        })
        .await;
        let sites = site(&format!("http://{upstream}"));
        let gate = Gate::with(Wishes { sites, ..Kind::embedded().wishes() }).await;
        let mut ann = gate.browser();
        gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
        let mut talk = Talk::open(gate.address).await;
        talk.say(&way.head("GET", &gate.host, "/x", &ann.cookie_line())).await;
        come.notified().await;
        tokio::task::block_in_place(|| gate.operator(&["upgrade"])).done();
        fail.notify_one();
        let heard = talk.hear(false).await;
        assert_eq!(heard.answer.status, 502, "{way:?}: {}", heard.answer.text());
        assert!(heard.is_whole && talk.is_closed().await, "{way:?}");
    }
}
