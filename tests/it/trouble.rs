//! Trouble with Redis, of every kind that a network and a server can make: nobody is let in without
//! proof, nobody is logged out, nobody waits without end, and afterwards all is as before.

mod doubt;
mod grace;
mod herd;
mod kinds;

use std::sync::Arc;
use std::time::Duration;

use crate::flow::SESSION;
use crate::support::client::{Answer, Browser};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::redis::RedisServer;
use crate::support::stores::Kind;
use crate::support::trouble::Way;

const ANN: &str = "ann@example.com";
const DAN: &str = "dan@example.com";
/// What `store.trust` is here: the shortest that it may be.
const TRUST: Duration = Duration::from_secs(1);

/// A linkgate, and a Redis of its own behind a way that makes trouble.
struct Scene {
    gate: Gate,
    way: Way,
    redis: Arc<RedisServer>,
}

impl Scene {
    async fn new(grace: &str) -> Self {
        let redis = Arc::new(RedisServer::start().await);
        let way = Way::to(redis.port()).await;
        let kind = Kind::at(&format!("redis://{}", way.address));
        // Many at once are of one peer here.
        let extra = "server: { connections_per_peer: 1000 }".to_owned();
        let gate = Gate::with(Wishes { extra, ..trusting(&kind, grace) }).await;
        Self { gate, way, redis }
    }

    /// Somebody who is signed in, and known to the node.
    async fn signed_in(&self, address: &str) -> Browser {
        let mut browser = self.gate.browser();
        self.gate.sign_in(&mut browser, address, "/").await;
        knows(&self.way, &mut browser).await;
        browser
    }
}

/// Wishes for a store whose copies are trusted for a second.
fn trusting(kind: &Kind, grace: &str) -> Wishes {
    let wishes = kind.wishes();
    let store = wishes.store.strip_suffix('}').expect("a mapping");
    Wishes { store: format!("{store}, trust: 1s, grace: {grace} }}"), ..wishes }
}

/// Has the node behind a way keep the session of a browser: from then on it asks nobody. The news of
/// the sign-in itself may come late, and then the first read is not kept.
async fn knows(way: &Way, browser: &mut Browser) {
    let reads = || way.commands(":session:") + way.commands(":account:");
    eventually("the session is kept", async || {
        let before = reads();
        assert_eq!(browser.get("/me").await.status, 200);
        (reads() == before).then_some(())
    })
    .await;
}

/// Nobody is told that they are signed out.
fn keeps_the_session(answer: &Answer) {
    let cookies = answer.all("set-cookie");
    assert!(!cookies.iter().any(|it| it.starts_with(SESSION)), "{}: {cookies:?}", answer.status);
}
