//! What may be chosen, and how often that is asked.

use super::*;

#[tokio::test]
async fn what_may_be_chosen_is_judged_with_the_words_around_it_and_costs_no_code() {
    let world = world();
    let (asked, job) = world.wants("josephine.baker@example.com").await;
    let (own, link) = (Some(&asked.browser), world.link(&job));
    for (text, problem) in [
        ("too short", PasswordProblem::TooShort { least: 15 }),
        ("josephine.baker", PasswordProblem::Guessable),
        ("lighthouselighthouse", PasswordProblem::Guessable),
        ("baker.josephine1", PasswordProblem::Guessable),
    ] {
        let refused = world.choose(&link, None, text, own).await;
        let Ok(Redeemed::Password(why, _)) = refused else { panic!("{text}: {refused:?}") };
        assert_eq!(why, problem, "{text}");
    }
    // More than there are tries for the code, whether it is right or not.
    for code in [&*job.code, "BBBB-BBBB"].repeat(6) {
        let refused = world.choose_by_code(code, "passwordpassword", &asked.browser).await;
        assert!(matches!(refused, Ok(CodeRedeemed::Password(..))), "{refused:?}");
    }
    let chosen = world.choose_by_code(&job.code, GOOD, &asked.browser).await;
    assert!(matches!(chosen, Ok(CodeRedeemed::SignedIn(_))), "{chosen:?}");
}

/// Judging is work that somebody gets done who has proven nothing yet.
#[tokio::test]
async fn what_is_judged_for_one_mail_is_counted() {
    let world = world();
    let (asked, job) = world.wants(ANN).await;
    assert_eq!(world.judged_by_code(&asked.browser).await, 20);
    let (link, own) = (world.link(&job), Some(&asked.browser));
    let mut judged = 0;
    while let Ok(Redeemed::Password(..)) = world.choose(&link, None, "passwordpassword", own).await
    {
        judged += 1;
    }
    assert_eq!(judged, 20);
    let refused = world.choose(&link, None, GOOD, own).await;
    assert!(matches!(refused, Ok(Redeemed::TooMany { .. })), "{refused:?}");
}

/// Whoever asks for somebody else can type codes and passwords without having the mail.
#[tokio::test]
async fn a_stranger_takes_neither_link_nor_report_away_and_counts_the_same_whatever_is_done() {
    let world = world();
    let (asked, job) = world.wants(ANN).await;
    assert_eq!(world.judged_by_code(&asked.browser).await, 20);
    let chosen = world.choose(&world.link(&job), Some(ANN), GOOD, None).await;
    assert!(matches!(chosen, Ok(Redeemed::SignedIn(_))), "{chosen:?}");
    for step in 0..3 {
        let (asked, job) = world.wants(ANN).await;
        match step {
            0 => {}
            1 => {
                let link = world.link(&job);
                let wrong = world.choose(&link, Some("bob@example.com"), GOOD, None).await;
                assert!(matches!(wrong, Ok(Redeemed::WrongAddress(_))), "{wrong:?}");
                let chosen = world.choose(&link, Some(ANN), OTHER, None).await;
                assert!(matches!(chosen, Ok(Redeemed::SignedIn(_))), "{chosen:?}");
            }
            _ => {
                let done = world.gate.report(&world.report(&job), &address(ANN)).await;
                assert_eq!(done.expect("a store"), Reported::Done);
            }
        }
        assert_eq!(world.judged_by_code(&asked.browser).await, 20, "step {step}");
        let reported = world.gate.report(&world.report(&job), &address(ANN)).await;
        assert_eq!(reported.expect("a store"), Reported::Done, "step {step}");
        world.clock.pass(25 * HOUR);
    }
}
