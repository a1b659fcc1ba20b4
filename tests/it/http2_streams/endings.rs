//! A stream ends with what let it through, however that ends.

use tokio::time::Instant;

use super::{ANN, Client, Kind, Open, SOON, Scene, WIRES};
use crate::support::client::Browser;
use crate::support::clocked_redis::ClockedRedis;
use crate::support::gate::{Gate, Wishes};

const HOUR: u64 = 60 * 60;

/// Streams of ann on each wire, and one beside them on the same connection that needs nobody.
struct Opened {
    scene: Scene,
    ann: Browser,
    clients: Vec<Client>,
    of_ann: Vec<Open>,
    of_nobody: Vec<Open>,
}

async fn ann_comes(kind: Kind, wishes: Wishes) -> (Scene, Browser) {
    let scene = Scene::of(kind, wishes).await;
    let mut ann = scene.gate.browser();
    scene.gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    (scene, ann)
}

impl Opened {
    async fn by(scene: Scene, ann: Browser) -> Self {
        let (mut clients, mut of_ann, mut of_nobody) = (Vec::new(), Vec::new(), Vec::new());
        for wire in WIRES {
            let client = scene.connect(wire).await;
            let target = format!("/{wire:?}");
            of_ann.push(scene.opens(&client, &target, &ann).await);
            let public = format!("/public{target}");
            of_nobody.push(scene.opens(&client, &public, &scene.gate.browser()).await);
            clients.push(client);
        }
        for stream in of_ann.iter_mut().chain(&mut of_nobody) {
            stream.goes_on().await;
        }
        Self { scene, ann, clients, of_ann, of_nobody }
    }

    fn gate(&self) -> &Gate {
        &self.scene.gate
    }

    /// Now those of ann end; the others and their connections go on.
    async fn ends(mut self) {
        let until = Instant::now() + SOON;
        for stream in self.of_ann {
            stream.breaks(until).await;
        }
        for stream in &mut self.of_nobody {
            stream.goes_on().await;
        }
        for client in &self.clients {
            self.scene.refuses(client, &self.ann).await;
        }
    }
}

async fn with_a_sign_out(kind: Kind) {
    let (scene, ann) = ann_comes(kind, Wishes::default()).await;
    let opened = Opened::by(scene, ann).await;
    let mut elsewhere = opened.gate().browser();
    elsewhere.cookies.clone_from(&opened.ann.cookies);
    assert_eq!(elsewhere.post("/.linkgate/sign-out", &[]).await.status, 303);
    opened.ends().await;
}

async fn with_a_suspension(kind: Kind) {
    let (scene, ann) = ann_comes(kind, Wishes::default()).await;
    let opened = Opened::by(scene, ann).await;
    let suspend = || opened.gate().operator(&["accounts", "suspend", ANN]);
    tokio::task::block_in_place(suspend).done();
    opened.ends().await;
}

async fn with_the_rule(kind: Kind) {
    let (scene, ann) = ann_comes(kind, Wishes::default()).await;
    let opened = Opened::by(scene, ann).await;
    opened.gate().change("[\"@example.com\"]", "[\"@other.example\"]").await;
    opened.ends().await;
}

async fn with_idleness(kind: Kind) {
    let redis = ClockedRedis::start().await;
    let (scene, ann) = ann_comes(kind, redis.wishes("")).await;
    let opened = Opened::by(scene, ann).await;
    redis.moves(12 * HOUR).await;
    opened.ends().await;
}

/// Used in time, again and again, and over all the same.
async fn with_its_life(kind: Kind) {
    let redis = ClockedRedis::start().await;
    let scene = Scene::of(kind, redis.wishes("")).await;
    scene.gate.change("absolute: 7d", "absolute: 18h").await;
    let mut ann = scene.gate.browser();
    scene.gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    redis.moves(9 * HOUR).await;
    let opened = Opened::by(scene, ann).await;
    // Idle since nine hours of the twelve: that does not end it.
    redis.moves(9 * HOUR).await;
    opened.ends().await;
}

/// A test of each for each kind.
macro_rules! streams_end {
    ($($with:ident),+ $(,)?) => {
        $(
            mod $with {
                use crate::http2_streams::Kind;

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn events() {
                    super::$with(Kind::Events).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn calls() {
                    super::$with(Kind::Call).await;
                }
            }
        )+
    };
}
streams_end!(with_a_sign_out, with_a_suspension, with_the_rule, with_idleness, with_its_life);
