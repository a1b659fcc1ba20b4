//! Open streams, when the store cannot say whether they still may go on: they do, until it can.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::sync::Arc;

use tokio::net::TcpStream;

use super::websocket::closed;
use crate::support::app::{application, site};
use crate::support::cable::Cable;
use crate::support::events::{listen, news};
use crate::support::eventually;
use crate::support::gate::{Gate, Wishes};
use crate::support::redis::RedisServer;
use crate::support::stores::Kind;

const ANN: &str = "ann@example.com";
const EVE: &str = "eve@other.example";

/// A gate whose store can be cut off, and what it takes to reach the store all the same.
struct Scene {
    gate: Gate,
    cable: Cable,
    server: Arc<RedisServer>,
    direct: Vec<(String, String)>,
}

impl Scene {
    async fn new(sites: String) -> Self {
        let server = Arc::new(RedisServer::start().await);
        let far = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port()));
        let cable = Cable::to(far).await;
        let mut wishes = Wishes { sites, ..Kind::redis_at(Arc::clone(&server)).wishes() };
        let direct = wishes.environment.clone();
        wishes.environment[0].1 = format!("redis://{}", cable.address);
        Self { gate: Gate::with(wishes).await, cable, server, direct }
    }

    /// A command of an operator who reaches the store.
    fn operator(&self, arguments: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linkgate"));
        command.args(arguments).arg("-c").arg(self.gate.path("linkgate.yaml"));
        let output = command.envs(self.direct.iter().cloned()).output().expect("linkgate runs");
        assert!(output.status.success(), "{output:?}");
    }

    /// Writes something into all sessions that changes nothing.
    async fn note_in_sessions(&self) {
        let mut redis = self.server.connection().await.expect("a connection");
        let sessions: Vec<String> =
            redis::cmd("KEYS").arg("*:session:*").query_async(&mut redis).await.expect("keys");
        for session in sessions {
            let mut command = redis::cmd("HSET");
            let () = command
                .arg(session)
                .arg(&["note", "1"])
                .query_async(&mut redis)
                .await
                .expect("noted");
        }
    }
}

fn goes_on(stream: &TcpStream) {
    let error = stream.try_read(&mut [0; 1]).expect_err("nothing to read");
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn a_change_while_the_store_is_away_counts_when_it_is_back() {
    let upstream = format!("http://{}", application(news).await);
    let sites =
        site(&upstream).replace("\"@example.com\"", "\"@example.com\", \"eve@other.example\"");
    let Scene { gate, cable, .. } = &Scene::new(sites).await;
    let (mut ann, mut eve) = (gate.browser(), gate.browser());
    gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    gate.sign_in(&mut eve, EVE, "/.linkgate/account").await;
    let of_ann = listen(gate, &ann, "/events").await;
    let mut of_eve = listen(gate, &eve, "/events").await;
    cable.cut();
    eventually("the store is not used", async || {
        gate.log().contains("the store does not say whose it is").then_some(())
    })
    .await;
    gate.change(&format!(", \"{EVE}\""), "").await;
    // Asked after the change, and so after the streams were judged for the first time.
    assert_eq!(eve.get("/events").await.status, 503);
    goes_on(&of_eve);
    cable.plug();
    closed(&mut of_eve).await;
    goes_on(&of_ann);
    eventually("eve is out", async || (eve.get("/page").await.status == 403).then_some(())).await;
}

#[tokio::test]
async fn a_group_that_was_taken_counts_when_the_session_can_be_read_again() {
    let upstream = format!("http://{}", application(news).await);
    let sites = format!(
        "\n  - name: app\n    origin: $ORIGIN\n    upstream: {upstream}\n    allow: \
         [\"@example.com\"]\n    rules: [{{ path: \"/admin/**\", allow: [\"group:admins\"] }}]\n\
         groups: {{ admins: [] }}\n"
    );
    let scene = Scene::new(sites).await;
    let gate = &scene.gate;
    scene.operator(&["accounts", "add", ANN, "--group", "admins"]);
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    let mut of_admins = listen(gate, &ann, "/admin/events").await;
    let of_all = listen(gate, &ann, "/events").await;
    scene.cable.break_at(":session:");
    // What is in memory counts no more, and cannot be read again.
    scene.note_in_sessions().await;
    scene.operator(&["accounts", "add", ANN, "--group", "zebras"]);
    // Each stream is looked at twice a second; none of the looks can say anything.
    let before = scene.cable.broken();
    eventually("the streams were looked at", async || {
        (scene.cable.broken() >= before + 6).then_some(())
    })
    .await;
    goes_on(&of_admins);
    scene.cable.plug();
    closed(&mut of_admins).await;
    goes_on(&of_all);
}
