//! The mail that waits in the outbox: a job with a live link, so it is sealed.

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::domain::delivery::{DeliveryState, Occasion};
use crate::domain::email::EmailAddress;
use crate::domain::language::Language;
use crate::domain::secret::{Key, Secret};
use crate::domain::time::UnixMillis;
use crate::ports::MailId;

const NONCE_BYTES: usize = 24;

/// What a mail is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MailKind {
    /// A link and a code. What was queued by versions that knew no other kind is this one.
    #[default]
    SignIn,
    /// A link and a code that also set the password which was typed where the mail was asked for.
    NewPassword,
    /// Somebody has signed in with a browser that is new for this person. It has neither link nor
    /// code; its report ends the sessions that came of the attempt.
    NewDevice {
        /// When.
        signed_in_at: UnixMillis,
    },
}

impl MailKind {
    /// The same without its details.
    #[must_use]
    pub const fn occasion(self) -> Occasion {
        match self {
            Self::SignIn => Occasion::SignIn,
            Self::NewPassword => Occasion::NewPassword,
            Self::NewDevice { .. } => Occasion::NewDevice,
        }
    }
}

/// All that is needed to write and send one mail, on any node.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct MailJob {
    /// What it is about.
    #[zeroize(skip)]
    #[serde(default)]
    pub kind: MailKind,
    /// Whether the mail is sent. A job for an address that may not sign in is queued all the same
    /// and dropped by the worker, so that asking costs the same and looks the same.
    #[zeroize(skip)]
    pub deliver: bool,
    /// The one recipient, in the spelling of the rule that lets it in.
    #[zeroize(skip)]
    pub to: EmailAddress,
    /// The site's name.
    pub site: String,
    /// The site's host, for people.
    pub host: String,
    /// The link; empty in a notice, and where the site's origin is what a request said.
    pub link: String,
    /// The code; empty in a notice.
    pub code: String,
    /// The "I did not ask for this" link.
    pub report: String,
    /// Host and path that sign-in leads to, for people.
    pub destination: String,
    /// What the browser said it was, in our own words: the one that asked, or, in a notice, the one
    /// that signed in.
    pub browser_label: String,
    /// The client network it came from.
    pub network: String,
    /// The language it is written in.
    #[zeroize(skip)]
    #[serde(default)]
    pub language: Language,
    /// Whether it was asked for with a browser that this person has signed in with before. Versions
    /// that did not know have queued it as by a stranger.
    #[zeroize(skip)]
    #[serde(default)]
    pub known_browser: bool,
    /// When the mail was queued.
    #[zeroize(skip)]
    pub asked_at: UnixMillis,
    /// Until when it is worth sending: while link and code work, or a day for a notice.
    #[zeroize(skip)]
    pub expires_at: UnixMillis,
}

impl MailJob {
    /// Whether it is sent although an earlier mail to its person came to this.
    ///
    /// A complaint may be somebody else's doing: whoever asks for mails to an address often enough has
    /// its owner, or their mail program, call one spam. Who asks with a browser that has signed in as
    /// this person before wants the mail, and is not kept out by that. A bounce is the word of the
    /// recipient's own server that there is no such mailbox: nobody else can cause it, and going on
    /// would cost the good name of the sender, so it holds for all.
    #[must_use]
    pub fn goes_in_spite_of(&self, why: DeliveryState) -> bool {
        self.known_browser && why == DeliveryState::Complained
    }
}

impl std::fmt::Debug for MailJob {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("MailJob(..)")
    }
}

/// Seals jobs: XChaCha20-Poly1305 with a random 192-bit nonce before the text and the mail's
/// identity as associated data, so that no job can be put in another's place.
#[derive(Clone, Debug)]
pub struct MailSeal(Key);

/// A job that this installation did not seal, or that was damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the queued mail cannot be opened with this secret")]
pub struct NotSealedHere;

impl MailSeal {
    /// Derives the sealing key of an installation.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        Self(secret.derive("mail"))
    }

    /// Seals a job.
    #[must_use]
    pub fn seal(&self, id: MailId, nonce: [u8; NONCE_BYTES], job: &MailJob) -> Vec<u8> {
        // A job is plain data with text keys, and far below the cipher's 256 GiB: neither fails.
        let plain = Zeroizing::new(serde_json::to_vec(job).unwrap_or_default());
        let payload = Payload { msg: &plain, aad: &id.0 };
        let sealed = self.cipher().encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default();
        [nonce.as_slice(), &sealed].concat()
    }

    /// Opens a job.
    ///
    /// # Errors
    /// [`NotSealedHere`] for another key, another identity, or changed bytes.
    pub fn open(&self, id: MailId, sealed: &[u8]) -> Result<MailJob, NotSealedHere> {
        let (nonce, text) = sealed.split_at_checked(NONCE_BYTES).ok_or(NotSealedHere)?;
        let payload = Payload { msg: text, aad: &id.0 };
        let plain = self
            .cipher()
            .decrypt(XNonce::from_slice(nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| NotSealedHere)?;
        serde_json::from_slice(&plain).map_err(|_| NotSealedHere)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.expose().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_what_was_sealed_here_for_this_mail() {
        let seal = MailSeal::new(&Secret::new(&[1; 32]).unwrap());
        let other = MailSeal::new(&Secret::new(&[2; 32]).unwrap());
        let job = MailJob {
            kind: MailKind::NewDevice { signed_in_at: UnixMillis(1) },
            deliver: true,
            to: EmailAddress::parse("ann@example.com").unwrap(),
            site: "wiki".into(),
            host: "wiki.example.com".into(),
            link: "https://wiki.example.com/.linkgate/link/x".into(),
            code: "WDJB-MJHT".into(),
            report: String::new(),
            destination: String::new(),
            browser_label: String::new(),
            network: String::new(),
            language: Language::default(),
            known_browser: true,
            asked_at: UnixMillis(1),
            expires_at: UnixMillis(2),
        };
        let id = MailId([1; 16]);
        let sealed = seal.seal(id, [9; 24], &job);
        let opened = seal.open(id, &sealed).unwrap();
        assert_eq!((opened.code.as_str(), opened.kind), ("WDJB-MJHT", job.kind));
        assert!(!sealed.windows(4).any(|window| window == b"WDJB"));
        assert!(seal.open(MailId([2; 16]), &sealed).is_err());
        assert!(other.open(id, &sealed).is_err());
        for position in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[position] ^= 1;
            assert!(seal.open(id, &damaged).is_err(), "byte {position}");
        }
        assert!(seal.open(id, &sealed[..10]).is_err());
        assert_eq!(format!("{job:?}"), "MailJob(..)");
        // What a version that knew one kind has queued.
        let mut older = serde_json::to_value(&job).unwrap();
        older.as_object_mut().unwrap().remove("kind");
        older.as_object_mut().unwrap().remove("known_browser");
        let older: MailJob = serde_json::from_value(older).unwrap();
        assert_eq!((older.kind, older.known_browser), (MailKind::SignIn, false));
        // A complaint keeps no known browser out; all else does, and everybody else.
        for why in DeliveryState::ALL {
            assert_eq!(job.goes_in_spite_of(why), why == DeliveryState::Complained, "{why}");
            assert!(!older.goes_in_spite_of(why), "{why}");
        }
    }
}
