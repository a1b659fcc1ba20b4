use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::super::message::tests::mail;
use super::*;

/// Answers as it was told, and with success after that. `None` is no answer at all.
#[derive(Clone, Default)]
struct Scripted {
    answers: Arc<Mutex<VecDeque<Option<MailError>>>>,
    sent: Arc<AtomicUsize>,
}

impl Scripted {
    fn with(answers: impl IntoIterator<Item = Option<MailError>>) -> Self {
        Self { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Self::default() }
    }

    fn sent(&self) -> usize {
        self.sent.load(Ordering::SeqCst)
    }

    async fn answer(&self) -> Result<(), MailError> {
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            None => Ok(()),
            Some(Some(error)) => Err(error),
            Some(None) => std::future::pending().await,
        }
    }
}

#[async_trait]
impl Mailer for Scripted {
    async fn send(&self, _: &OutgoingMail) -> Result<Receipt, MailError> {
        self.sent.fetch_add(1, Ordering::SeqCst);
        self.answer().await.map(|()| Receipt { words: "250 ok".into(), reference: None })
    }

    async fn probe(&self) -> Result<(), MailError> {
        self.answer().await
    }
}

fn relays(all: &[&Scripted]) -> Relays {
    let named = |(index, it): (usize, &&Scripted)| {
        (format!("relay {index}"), Box::new((*it).clone()) as Box<dyn Mailer>)
    };
    Relays::new(all.iter().enumerate().map(named).collect())
}

fn busy() -> Option<MailError> {
    Some(MailError::Transient("451 later".into()))
}

fn refused() -> Option<MailError> {
    Some(MailError::Permanent("550 no such user".into()))
}

#[tokio::test]
async fn what_one_cannot_take_now_the_next_one_gets() {
    let (first, second) = (Scripted::with([busy()]), Scripted::default());
    let relays = relays(&[&first, &second]);
    let receipt = relays.send(&mail()).await.unwrap();
    assert_eq!(receipt.words, "relay 1: 250 ok");
    let receipt = relays.send(&mail()).await.unwrap();
    assert_eq!(receipt.words, "relay 0: 250 ok", "one failure is no reason to leave it");
    assert_eq!((first.sent(), second.sent()), (2, 1));
}

#[tokio::test]
async fn what_one_refuses_for_good_no_other_is_asked() {
    let (first, second) = (Scripted::with([refused()]), Scripted::default());
    let error = relays(&[&first, &second]).send(&mail()).await.unwrap_err();
    assert_eq!(error, MailError::Permanent("relay 0: 550 no such user".into()));
    assert_eq!(second.sent(), 0);
}

fn unanswered() -> Option<MailError> {
    Some(MailError::Unanswered("no answer".into()))
}

/// It may have taken the mail. For a minute nobody else gets it, whatever the relay says then.
#[tokio::test(start_paused = true)]
async fn a_mail_that_one_may_have_taken_goes_to_no_other_at_once() {
    let first = Scripted::with([unanswered(), busy(), unanswered(), busy(), busy()]);
    let second = Scripted::default();
    let relays = relays(&[&first, &second]);
    let error = relays.send(&mail()).await.unwrap_err();
    assert_eq!(error, MailError::Unanswered("relay 0: no answer".into()));
    let another = OutgoingMail { id: crate::ports::MailId([1; 16]), ..mail() };
    assert_eq!(relays.send(&another).await.unwrap().words, "relay 1: 250 ok", "others may");
    for _ in 0..2 {
        tokio::time::advance(Duration::from_secs(15)).await;
        let error = relays.send(&mail()).await.unwrap_err();
        assert!(error.to_string().contains("relay 0") && second.sent() == 1, "{error}");
    }
    tokio::time::advance(Duration::from_secs(31)).await;
    assert_eq!(relays.send(&mail()).await.unwrap().words, "relay 1: 250 ok", "not for ever");
}

#[tokio::test]
async fn a_mail_that_is_taken_in_the_end_is_held_no_longer() {
    let (first, second) = (Scripted::with([unanswered()]), Scripted::default());
    let relays = relays(&[&first, &second]);
    relays.send(&mail()).await.unwrap_err();
    assert_eq!(relays.send(&mail()).await.unwrap().words, "relay 0: 250 ok");
    assert_eq!(second.sent(), 0);
    assert_eq!(relays.open_to(&mail()).len(), 2);
}

#[tokio::test]
async fn where_none_can_take_it_all_causes_are_told() {
    let (first, second) = (Scripted::with([busy()]), Scripted::with([busy()]));
    let error = relays(&[&first, &second]).send(&mail()).await.unwrap_err();
    let told = "relay 0: 451 later; relay 1: 451 later";
    assert_eq!(error, MailError::Transient(told.into()));
}

#[tokio::test(start_paused = true)]
async fn relays_that_hang_are_left_in_time_for_the_next_and_for_the_lease() {
    let (first, second, third) =
        (Scripted::with([None]), Scripted::with([None]), Scripted::default());
    let begun = Instant::now();
    relays(&[&first, &second, &third]).send(&mail()).await.unwrap();
    assert!(begun.elapsed() < IN_ALL, "{:?}", begun.elapsed());
    let hanging = [(); 3].map(|()| Scripted::with([None]));
    let begun = Instant::now();
    let error = relays(&[&hanging[0], &hanging[1], &hanging[2]]).send(&mail()).await.unwrap_err();
    assert!(matches!(error, MailError::Transient(_)), "{error}");
    assert!(begun.elapsed() <= IN_ALL + Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(hanging.iter().all(|relay| relay.sent() == 1));
}

#[tokio::test(start_paused = true)]
async fn one_that_keeps_failing_comes_last_until_it_answers() {
    let (first, second) = (Scripted::with([busy(), busy(), busy()]), Scripted::default());
    let relays = relays(&[&first, &second]);
    for _ in 0..10 {
        relays.send(&mail()).await.unwrap();
    }
    assert_eq!((first.sent(), second.sent()), (3, 10), "three failures open the breaker");
    tokio::time::advance(Duration::from_secs(31)).await;
    let receipt = relays.send(&mail()).await.unwrap();
    assert_eq!(receipt.words, "relay 0: 250 ok", "one mail tries it, and it works");
    relays.send(&mail()).await.unwrap();
    assert_eq!((first.sent(), second.sent()), (5, 10));
}

#[tokio::test(start_paused = true)]
async fn one_that_still_fails_costs_one_try_in_each_pause() {
    let first = Scripted::with(std::iter::repeat_with(busy).take(100));
    let second = Scripted::default();
    let relays = relays(&[&first, &second]);
    for _ in 0..5 {
        for _ in 0..10 {
            relays.send(&mail()).await.unwrap();
        }
        tokio::time::advance(Duration::from_secs(31)).await;
    }
    assert_eq!((first.sent(), second.sent()), (3 + 4, 50));
}

#[tokio::test]
async fn where_all_keep_failing_none_is_left_out() {
    let failing = [(); 2].map(|()| Scripted::with(std::iter::repeat_with(busy).take(5)));
    let relays = relays(&[&failing[0], &failing[1]]);
    for _ in 0..5 {
        relays.send(&mail()).await.unwrap_err();
    }
    assert_eq!((failing[0].sent(), failing[1].sent()), (5, 5), "no mail waits for a breaker");
    relays.send(&mail()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn they_can_be_reached_if_one_can() {
    let away = || Scripted::with([busy()]);
    relays(&[&away(), &Scripted::default()]).probe().await.unwrap();
    relays(&[&Scripted::with([None]), &Scripted::default()]).probe().await.unwrap();
    let error = relays(&[&away(), &away()]).probe().await.unwrap_err();
    assert!(error.to_string().contains("relay 1"), "{error}");
    assert_eq!(relays(&[&away(), &away()]).at_once(), 8);
}
