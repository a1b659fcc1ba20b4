//! The laws of `src/ports.rs`, held against every store.

mod accounts;
mod attempts;
mod audit;
mod away;
mod copies;
mod crash;
mod deliveries;
mod file;
mod keys;
mod limits;
mod moving;
mod outbox;
mod races;
mod raw_redis;
mod service_tokens;
mod sessions;
mod setups;
mod tls;
mod upkeep;
pub mod world;

use std::sync::Arc;

use tokio::sync::Semaphore;

use self::world::World;

/// Each law, for each store.
macro_rules! contract {
    ($($group:ident: $($law:ident)*;)*) => {
        mod memory {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $law() {
                    super::$group::$law(super::world::World::memory()).await;
                }
            )*)*
        }
        mod embedded {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $law() {
                    super::$group::$law(super::world::World::embedded()).await;
                }
            )*)*
        }
        mod redis {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $law() {
                    super::$group::$law(super::world::World::redis().await).await;
                }
            )*)*
        }
        mod redis_with_copies {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
                async fn $law() {
                    super::$group::$law(super::world::World::redis_with_copies().await).await;
                }
            )*)*
        }

        /// All laws in one test, for servers that take long to start: a few at a time.
        async fn every_law_holds(world: impl Fn() -> World) {
            let places = Arc::new(Semaphore::new(4));
            let mut laws = Vec::new();
            $($(
                let law = {
                    let (world, places) = (world(), Arc::clone(&places));
                    async move {
                        let _place = places.acquire().await;
                        $group::$law(world).await;
                    }
                };
                laws.push((stringify!($law), tokio::spawn(law)));
            )*)*
            let mut broken = Vec::new();
            for (law, held) in laws {
                if held.await.is_err() {
                    broken.push(law);
                }
            }
            assert!(broken.is_empty(), "{broken:?}");
        }
    };
}

contract! {
    attempts:
        an_attempt_is_found_as_it_was_begun
        reading_changes_nothing
        a_newer_attempt_replaces_that_of_the_same_browser_and_person_only
        what_was_used_by_link_is_used_up_when_replaced
        an_attempt_that_replaces_nothing_leaves_the_older_one_alone
        an_attempt_without_a_mail_waits_for_nothing
        tries_are_counted_up_to_the_most
        settling_makes_the_session_and_ends_the_replaced_one
        settling_without_a_session_changes_the_state_only
        settling_from_another_state_changes_nothing
        settling_queues_its_mail_in_the_same_step
        attempts_are_found_by_what_they_say_however_many_there_are
        a_forgotten_attempt_leaves_nothing_that_leads_to_it;
    races:
        one_of_sixty_four_settles
        whoever_loses_the_race_writes_no_mail
        sixty_four_guesses_share_five_tries
        a_touch_never_revives_an_ended_session
        parallel_hits_are_counted_exactly
        no_two_workers_claim_one_mail;
    sessions:
        a_touch_moves_last_seen_forward_only
        an_ended_session_is_gone_and_stays_gone
        a_person_has_their_own_sessions_only
        pages_of_all_sessions_are_whole_and_end;
    accounts:
        an_account_is_found_as_it_was_made
        a_change_of_what_has_changed_meanwhile_is_refused
        suspending_ends_the_persons_sessions_and_no_others
        the_account_of_a_session_is_what_is_stored_now
        nobody_signs_in_while_suspended
        registering_makes_an_account_once_and_changes_none
        a_sign_in_that_changes_the_account_changes_the_one_that_was_judged
        the_other_sessions_end_in_the_step_that_says_so
        pages_of_the_list_are_whole_and_end
        no_session_outlives_a_suspension_that_races_it
        of_all_that_change_one_account_by_signing_in_one_does
        a_forgotten_account_takes_its_sessions_along;
    service_tokens:
        a_token_is_found_as_it_was_made_until_it_is_revoked
        a_name_is_one_tokens_at_a_time
        a_note_of_use_moves_forward_and_revives_nothing
        expired_tokens_leave_in_time;
    limits:
        a_group_is_counted_as_a_whole_or_not_at_all
        a_window_opens_with_the_first_hit_and_closes
        the_longest_wait_counts
        subjects_and_kinds_are_counted_apart
        a_pause_lasts_until_its_moment_and_is_never_made_shorter
        a_pause_is_for_its_subject_only_and_no_count
        what_was_counted_with_a_mark_tells_who_has_it
        what_is_counted_is_told_key_by_key_while_its_window_is_open
        what_is_lifted_begins_anew_and_nothing_else_does;
    outbox:
        a_mail_is_claimed_once_until_its_lease_is_over
        a_mail_given_back_comes_again_when_due
        a_mail_that_is_done_never_comes_again
        an_expired_mail_is_never_handed_out
        expired_mails_hide_no_others;
    deliveries:
        a_record_begins_with_its_mail
        each_step_of_a_mail_is_in_its_record
        a_mail_that_expires_waiting_is_expired_unsent
        news_move_a_mail_forward_only
        whatever_order_news_come_in_the_end_is_the_same
        of_many_that_write_at_once_the_farthest_stays
        a_mail_is_found_by_the_name_that_the_other_side_gave_it
        lists_begin_with_the_newest
        a_bounce_suppresses_the_person_once
        mail_to_a_suppressed_person_is_marked_when_claimed
        erasing_a_person_leaves_nothing_of_their_mails
        records_leave_in_time;
    keys:
        keys_that_were_never_changed_are_the_first_ones
        a_change_is_kept_and_the_one_before_is_required
        one_of_sixty_four_changes_the_keys;
    audit:
        events_are_read_in_the_order_of_time_page_by_page
        an_event_is_there_once_and_appending_changes_none
        events_that_come_again_among_new_ones_are_there_once
        a_filter_is_kept_on_every_page
        what_is_rare_is_found_among_much
        erasing_leaves_the_keyed_hash_and_touches_nobody_else
        what_comes_after_its_person_was_erased_leads_to_nobody
        what_is_older_than_a_moment_is_removed_with_its_index;
    upkeep:
        a_store_answers
        a_store_belongs_to_one_installation
        a_store_without_a_mark_is_adopted_only_while_it_is_empty
        a_store_with_changed_keys_and_no_mark_is_adopted_by_nobody
        what_is_over_is_removed_and_nothing_else;
}
