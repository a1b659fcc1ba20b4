//! An upgrade while streams are open: their clients are told to go away (RFC 9113, 6.8), what is in
//! flight is answered, and streams have the time of the configuration.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::{ANN, Client, Kind, PATIENCE, Scene, WIRES};
use crate::streams::grpc;
use crate::support::app::{application, head};
use crate::support::client::Browser;
use crate::support::events::news;
use crate::support::eventually;
use crate::support::gate::Wishes;
use crate::support::stores::Kind as Store;
use crate::upgrade::{alone, upgrade};

/// How long the configuration lets streams be open.
const LAST: Duration = Duration::from_secs(2);

fn wishes() -> Wishes {
    let extra = format!("server: {{ drain_streams: {}s }}", LAST.as_secs());
    Wishes { extra, ..Store::embedded().wishes() }
}

/// Events, and below `/public/later` an answer when it may: `asked` has a permit for each such request.
async fn events_and_answers(asked: Arc<Semaphore>, may: Arc<Semaphore>) -> SocketAddr {
    application(move |mut stream| {
        let (asked, may) = (Arc::clone(&asked), Arc::clone(&may));
        async move {
            let mut start = [0; 17];
            let read = stream.peek(&mut start).await;
            if read.is_ok_and(|read| !start[..read].starts_with(b"GET /public/later")) {
                return news(stream).await;
            }
            if head(&mut stream).await.is_some() {
                asked.add_permits(1);
                drop(may.acquire().await.expect("open"));
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate";
                let _ = stream.write_all(answer).await;
            }
        }
    })
    .await
}

/// Its client knows that nothing more may be asked here.
async fn is_told_to_go_away(client: &Client) {
    eventually("GOAWAY", async || {
        let ready = timeout(Duration::from_millis(50), client.requests.clone().ready()).await;
        matches!(ready, Ok(Err(_))).then_some(())
    })
    .await;
}

/// The connection has ended as well, by the other side, and without a word of trouble. Whoever has no more
/// requests ends it, too; who did so in the same moment wrote to a connection that was closed just then.
async fn has_ended(client: Client) {
    let Client { requests, connection } = client;
    let ended = timeout(PATIENCE, connection).await.expect("it ends").expect("no panic");
    assert!(ended.is_ok(), "{ended:?}");
    drop(requests);
}

async fn ann_comes(scene: &Scene) -> Browser {
    let mut ann = scene.gate.browser();
    scene.gate.sign_in(&mut ann, ANN, "/.linkgate/account").await;
    ann
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_is_answered_and_streams_have_their_time() {
    let (asked, may) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let upstream = events_and_answers(Arc::clone(&asked), Arc::clone(&may)).await;
    let scene = Scene::before(&format!("http://{upstream}"), Kind::Events, wishes()).await;
    let ann = ann_comes(&scene).await;
    let (mut clients, mut streams, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for wire in WIRES {
        let client = scene.connect(wire).await;
        streams.push(scene.opens(&client, &format!("/{wire:?}"), &ann).await);
        answers.push(scene.asks(&client, "/public/later", &ann).await.0);
        asked.acquire().await.expect("open").forget();
        clients.push(client);
    }
    let began = Instant::now();
    let process = upgrade(&scene.gate);
    for client in &clients {
        is_told_to_go_away(client).await;
    }
    may.add_permits(2);
    for answer in answers {
        let answer = timeout(PATIENCE, answer).await.expect("in time").expect("an answer");
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(grpc::message(&mut answer.into_body()).await, "late");
    }
    // The next process has new ones, for people who were signed in before.
    for wire in WIRES {
        let client = scene.connect(wire).await;
        scene.opens(&client, "/new", &ann).await;
    }
    for stream in streams {
        stream.breaks(began + LAST * 3).await;
    }
    assert!(began.elapsed() > LAST, "{:?}", began.elapsed());
    for client in clients {
        has_ended(client).await;
    }
    alone(&scene.gate, process).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_comes_to_its_own_end_with_its_trailers_or_has_its_time() {
    let scene = Scene::of(Kind::Call, wishes()).await;
    let ann = ann_comes(&scene).await;
    let (mut clients, mut to_end, mut to_break) = (Vec::new(), Vec::new(), Vec::new());
    for wire in WIRES {
        let client = scene.connect(wire).await;
        to_end.push(scene.opens(&client, &format!("/end/{wire:?}"), &ann).await);
        to_break.push(scene.opens(&client, &format!("/break/{wire:?}"), &ann).await);
        clients.push(client);
    }
    let began = Instant::now();
    let process = upgrade(&scene.gate);
    for client in &clients {
        is_told_to_go_away(client).await;
    }
    for mut call in to_end {
        call.goes_on().await;
        let mut sending = call.sending.take().expect("a call");
        sending.send_data(bytes::Bytes::new(), true).expect("sent");
        let ended = timeout(PATIENCE, call.body.data()).await.expect("in time");
        assert!(ended.is_none_or(|part| part.is_ok_and(|part| part.is_empty())), "{}", call.name);
        let trailers = timeout(PATIENCE, call.body.trailers()).await.expect("in time");
        let trailers = trailers.expect("trailers").expect("trailers");
        assert_eq!(trailers["grpc-status"], "0", "{}", call.name);
        assert_eq!(trailers["x-who"], ANN, "{}", call.name);
    }
    for call in to_break {
        call.breaks(began + LAST * 3).await;
    }
    assert!(began.elapsed() > LAST, "{:?}", began.elapsed());
    for client in clients {
        has_ended(client).await;
    }
    alone(&scene.gate, process).await;
}
