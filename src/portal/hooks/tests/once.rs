//! What counts once, and what is said of it.

use tokio::task::JoinSet;

use super::*;
use crate::metrics::Levels;

fn named<'a>(table: &'a Value, provider: &str, name: &str) -> &'a Value {
    let mut cases = table["cases"].as_array().unwrap().iter();
    cases.find(|it| it["provider"] == provider && it["name"] == name).unwrap()
}

/// A message of Mailgun that says something else under the same signature.
fn saying(case: &Value, event: &str) -> Value {
    let mut body: Value = serde_json::from_str(case["body"].as_str().unwrap()).unwrap();
    body["event-data"]["event"] = event.into();
    let mut case = case.clone();
    case["body"] = body.to_string().into();
    case
}

fn counted(scene: &Scene, state: &str) -> String {
    let levels = Levels { connections: 0, sessions: None, store_up: true, relay_up: true };
    let text = scene.metrics.text(levels);
    let name = format!("linkgate_mails_total{{state=\"{state}\"}} ");
    text.lines().find_map(|line| line.strip_prefix(&*name)).unwrap().to_owned()
}

#[tokio::test]
async fn a_proof_that_does_not_cover_its_message_is_used_up_by_any() {
    let table = table();
    let scene = Scene::new(&table).await;
    let clicked = named(&table, "mailgun", "clicked");
    assert_eq!(scene.send(clicked).await, StatusCode::OK);
    assert_eq!(scene.send(&saying(clicked, "complained")).await, StatusCode::OK);
    assert_eq!(scene.progress().await.state, DeliveryState::Accepted);
    assert_eq!(scene.suppression().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_messages_under_one_proof_at_once_one_counts() {
    let table = table();
    let case = named(&table, "mailgun", "delivered");
    let scene = Scene::new(&table).await;
    let events = ["delivered", "complained", "rejected"].map(|event| saying(case, event));
    let mut all = JoinSet::new();
    for case in events.iter().cycle().take(24) {
        all.spawn(scene.router.clone().oneshot(Scene::request(case)));
    }
    for answer in all.join_all().await {
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
    }
    let states = ["delivered", "complained", "refused"].map(|it| counted(&scene, it));
    assert_eq!(states.iter().filter(|it| *it == "1").count(), 1, "{states:?}");
    assert_eq!(states.iter().filter(|it| *it == "0").count(), 2, "{states:?}");
}

/// A process that ends between the two has used up the proof, and noted nothing.
#[tokio::test]
async fn what_used_up_its_proof_and_was_not_noted_counts_when_it_comes_again() {
    let table = table();
    let scene = Scene::new(&table).await;
    let delivered = named(&table, "mailgun", "delivered");
    let key = MailgunKey::new(table["keys"]["mailgun"].as_str().unwrap());
    let body = Bytes::from(delivered["body"].as_str().unwrap().to_owned());
    let message = Message { headers: HeaderMap::new(), body, now: scene.now };
    let told = mailgun::events(&key, &message).unwrap();
    let hooks = Hooks {
        store: Arc::clone(&scene.store) as _,
        clock: Arc::new(At(scene.now)),
        proofs: Proofs::default(),
        journal: Journal::silent(),
        metrics: Arc::default(),
    };
    assert!(hooks.may_say(Provider::Mailgun, &told, scene.now).await.unwrap());
    assert_eq!(scene.send(&saying(delivered, "complained")).await, StatusCode::OK);
    assert_eq!(scene.progress().await.state, DeliveryState::Accepted, "another one may not");
    for _ in 0..2 {
        assert_eq!(scene.send(delivered).await, StatusCode::OK);
        assert_eq!(scene.progress().await.state, DeliveryState::Delivered);
    }
    assert_eq!(counted(&scene, "delivered"), "1");
}

#[tokio::test]
async fn a_certificate_that_has_ended_is_believed_no_more() {
    let table = table();
    let scene = Scene::new(&table).await;
    let topic = table["keys"]["topic"].as_str().unwrap();
    let topic = SesTopic::new(topic, Arc::clone(&scene.sns) as Arc<dyn Sns>).unwrap();
    let body = Bytes::from(named(&table, "ses", "delivery")["body"].as_str().unwrap().to_owned());
    let at = |now| Message { headers: HeaderMap::new(), body: body.clone(), now };
    assert_eq!(ses::events(&topic, &at(scene.now)).await.unwrap().len(), 1);
    let later = scene.now.after(10 * 366 * DAY);
    let refusal = ses::events(&topic, &at(later)).await.unwrap_err();
    assert!(matches!(refusal, Refusal::Later(_)), "{refusal}");
    assert_eq!(scene.sns.asked.load(Ordering::SeqCst), 2, "a newer one may be there");
}

/// SNS keeps the first time of a message when it tries again. What was taken by then has no second effect,
/// although it counts as new for an hour.
#[tokio::test]
async fn what_sns_sends_again_within_an_hour_is_taken_once() {
    let table = table();
    let topic = table["keys"]["topic"].as_str().unwrap();
    let complaint = named(&table, "ses", "complaint");
    let late = Scene::new(&table).await.later(topic, Duration::from_secs(3590));
    assert_eq!(late.send(complaint).await, StatusCode::OK);
    assert_eq!(late.progress().await.state, DeliveryState::Complained);
    let early = Scene::new(&table).await;
    assert_eq!(early.send(complaint).await, StatusCode::OK);
    assert!(early.store.lift_suppression(PersonKey([7; 32])).await.unwrap());
    let again = early.later(topic, Duration::from_secs(3590));
    assert_eq!(again.send(complaint).await, StatusCode::OK);
    assert_eq!(again.suppression().await, None);
    let too_late = again.later(topic, Duration::from_secs(20));
    assert_eq!(too_late.send(complaint).await, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_told_is_counted_once_and_with_its_time() {
    let table = table();
    let scene = Scene::new(&table).await;
    let later = named(&table, "postmark", "transient");
    let delivered = named(&table, "postmark", "delivery");
    for case in [later, later, delivered, delivered] {
        assert_eq!(scene.send(case).await, StatusCode::OK);
    }
    assert_eq!((&*counted(&scene, "deferred"), &*counted(&scene, "delivered")), ("1", "1"));
    let levels = Levels { connections: 0, sessions: None, store_up: true, relay_up: true };
    let text = scene.metrics.text(levels);
    assert!(text.contains("linkgate_mail_delivery_duration_seconds_count 1\n"), "{text}");
}

/// Whoever asks chooses the name in the path: nothing is read for one that is not known.
#[tokio::test]
async fn nothing_is_read_for_a_provider_that_is_not_known() {
    let scene = Scene::new(&table()).await;
    let body = Body::from(vec![b' '; LARGEST + 1]);
    let request = Request::builder().method("POST").uri("/.linkgate/hooks/a%0Aforged=line");
    let Ok(answer) = scene.router.clone().oneshot(request.body(body).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
}
