//! What is counted, and for whom. All hits of one request are counted in one step, or none.

use super::ask::Asker;
use super::{Gate, Place};
use crate::domain::device::Device;
use crate::domain::email::EmailAddress;
use crate::domain::limit::{Hit, Limit, LimitKey, Limited, Verdict};
use crate::domain::password::PasswordTerms;
use crate::domain::time::UnixMillis;
use crate::ports::Stored;

/// How many known browsers of one person may use up their counts in the same window. More are made
/// by whoever signs in again and again without the cookie.
pub(super) const DEVICES_AT_ONCE: u32 = 4;

impl Gate {
    /// The key of a count; of a site's own, if it counts for itself.
    pub(super) fn limit_key(&self, what: Limited, alone: Option<&str>, subject: &str) -> LimitKey {
        match alone {
            // No address, network or device has a blank in it: the name of no site makes another
            // subject of it.
            Some(site) => self.keys.subject.limit(what, &format!("{site} {subject}")),
            None => self.keys.subject.limit(what, subject),
        }
    }

    /// Counts one mail, whatever it was asked for with: form, resend, fresh link or API. A browser
    /// that the person has signed in with before has a count of its own and no other, so that
    /// nobody else can use it up.
    pub(super) async fn count(
        &self,
        place: Place<'_>,
        asker: &Asker,
        device: Option<&Device>,
        email: &EmailAddress,
        now: UnixMillis,
    ) -> Stored<Verdict> {
        let terms = place.terms;
        let hit = |limited, subject: &str, limit, alone: bool| {
            let key = self.limit_key(limited, alone.then_some(place.site), subject);
            Hit { key, limit }
        };
        let alone = terms.alone;
        if let Some(device) = device {
            let subject = device.limit_key(email.identity());
            let count = terms.email_limit.count.saturating_mul(DEVICES_AT_ONCE);
            let all = Limit { count, ..terms.email_limit };
            let hits = [
                hit(Limited::MailsToDevice, &subject, terms.email_limit, alone.address),
                hit(Limited::MailsToDevices, email.identity(), all, alone.address),
            ];
            return self.store.hit(&hits, now).await;
        }
        let client = asker.client.network().to_string();
        let network = asker.client.neighbourhood().to_string();
        let hits = [
            hit(Limited::MailsToAddress, &email.limit_key(), terms.email_limit, alone.address),
            hit(Limited::MailsByClient, &client, terms.client_limit, alone.client),
            hit(Limited::MailsByNetwork, &network, terms.network_limit, alone.network),
            hit(Limited::MailsAtSite, place.site, terms.site_limit, false),
            hit(Limited::MailsInAll, "", terms.total_limit, false),
        ];
        self.store.hit(&hits, now).await
    }

    /// Counts one password, right or wrong. A browser that the person has signed in with before has
    /// a count of its own, so that nobody can keep somebody else out by typing wrong ones; and to
    /// everybody the link is open.
    pub(super) async fn count_password(
        &self,
        terms: &PasswordTerms,
        asker: &Asker,
        device: Option<&Device>,
        email: &EmailAddress,
    ) -> Stored<Verdict> {
        let hit = |limited, subject: &str, limit| Hit {
            key: self.keys.subject.limit(limited, subject),
            limit,
        };
        let now = self.clock.now();
        if let Some(device) = device {
            let count = terms.person_limit.count.saturating_mul(DEVICES_AT_ONCE);
            let all = Limit { count, ..terms.person_limit };
            let subject = device.limit_key(email.identity());
            let hits = [
                hit(Limited::PasswordsOnDevice, &subject, terms.person_limit),
                hit(Limited::PasswordsOnDevices, email.identity(), all),
            ];
            return self.store.hit(&hits, now).await;
        }
        let client = asker.client.network().to_string();
        let network = asker.client.neighbourhood().to_string();
        let hits = [
            hit(Limited::PasswordsForPerson, email.identity(), terms.person_limit),
            hit(Limited::PasswordsLately, email.identity(), terms.lasting_limit()),
            hit(Limited::PasswordsByClient, &client, terms.client_limit),
            hit(Limited::PasswordsByNetwork, &network, terms.network_limit),
        ];
        self.store.hit(&hits, now).await
    }
}
