use super::*;

const T: UnixMillis = UnixMillis(1_000);

fn news(state: DeliveryState, tries: u32, at: u64) -> News {
    News { tries, ..News::new(state, UnixMillis(at)) }
}

#[test]
fn names_numbers_and_order_are_one_table() {
    for (index, state) in DeliveryState::ALL.into_iter().enumerate() {
        assert_eq!(state as usize, index, "{state}");
        assert_eq!(state.name().parse(), Ok(state));
        assert_eq!(serde_json::to_value(state).unwrap(), state.name());
    }
    assert_eq!("sent".parse::<DeliveryState>(), Err(UnknownState));
    let ranks: Vec<_> = DeliveryState::ALL.into_iter().map(|it| news(it, 1, 1).rank()).collect();
    assert!(ranks.is_sorted_by(|one, next| one < next), "{ranks:?}");
    assert!(
        news(DeliveryState::Retrying, u32::MAX, 1).rank()
            < news(DeliveryState::ExpiredUnsent, 0, 1).rank()
    );
}

#[test]
fn whatever_the_order_of_arrival_the_end_is_the_same() {
    use DeliveryState::{Accepted, Bounced, Complained, Deferred, Delivered, Retrying, Sending};
    let happened = [
        news(Sending, 1, 1),
        news(Retrying, 1, 2),
        news(Sending, 2, 3),
        news(Accepted, 2, 4),
        news(Deferred, 0, 5),
        news(Delivered, 0, 6),
        news(Bounced, 0, 7),
        news(Complained, 0, 8),
    ];
    for start in 0..happened.len() {
        for step in [1, 3, 5, 7] {
            let mut progress = Progress::begun(T);
            for index in 0..happened.len() {
                let before = progress.rank;
                let one = &happened[(start + index * step) % happened.len()];
                let noted = progress.take(one);
                assert_eq!(noted == Noted::Moved, one.rank() > before);
                assert!(progress.rank >= before, "never backwards");
                assert_eq!(progress.take(one), Noted::Late, "twice is as once");
            }
            assert_eq!(progress.state, Complained);
            for (state, at) in [(Accepted, 4), (Deferred, 5), (Delivered, 6), (Complained, 8)] {
                assert_eq!(progress.moments.get(&state), Some(&UnixMillis(at)), "{state}");
            }
        }
    }
}

#[test]
fn words_are_those_of_the_state_it_is_in() {
    let said = |text| RelayWords::new(text);
    let mut progress = Progress::begun(T);
    let retry = News { words: said("451 later"), ..news(DeliveryState::Retrying, 1, 2) };
    assert_eq!(progress.take(&retry), Noted::Moved);
    progress.take(&news(DeliveryState::Sending, 2, 3));
    assert_eq!(progress.words, said("451 later"), "why it is tried again");
    progress.take(&news(DeliveryState::Delivered, 0, 4));
    assert_eq!(progress.words, None);
    let late = News { words: said("250 ok"), ..news(DeliveryState::Accepted, 2, 5) };
    assert_eq!(progress.take(&late), Noted::Late);
    assert_eq!(progress.words, None);
    let reference = Reference::new("abc");
    let late = News { reference: reference.clone(), ..late };
    progress.take(&late);
    assert_eq!(progress.reference, reference, "worth knowing, however late");
}

#[test]
fn strangers_texts_are_cut_and_cleaned() {
    let of = |said: &str| RelayWords::new(said).map(|it| it.as_str().to_owned());
    assert_eq!(of(&"word ".repeat(9_999)).unwrap().chars().count(), 200);
    assert_eq!(of(&"x".repeat(9_999)).unwrap(), "[…]");
    assert_eq!(of("a\0b\u{1b}[31m\u{202e}c").unwrap(), "a b [31mc");
    assert_eq!(of("see <https://x.example/t/SECRET>").unwrap(), "see […]");
    assert_eq!(Reference::new(&"x".repeat(201)), None);
    assert_eq!(Reference::new(""), None);
    assert_eq!(Reference::new("<>"), None);
    assert_eq!(Reference::new("é"), None);
    let id = MailId([0xab; 16]);
    assert_eq!(MailId::from_hex(&id.to_hex()), Some(id));
    for text in ["", "+0ab", &"AB".repeat(16), &"ab".repeat(17), &"é".repeat(16)] {
        assert_eq!(MailId::from_hex(text), None, "{text}");
    }
}
