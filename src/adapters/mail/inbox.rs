//! The development inbox: keeps the last mails in memory, for a page that shows them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use super::known::Habits;
use super::message::Composer;
use crate::ports::{MailError, Mailer, OutgoingMail, Receipt};

/// Mails that are kept; older ones go.
const KEPT: usize = 100;

/// A mail in the inbox.
#[derive(Clone, Debug)]
pub struct Kept {
    /// What was handed over.
    pub mail: OutgoingMail,
    /// The whole message, as a relay would have got it.
    pub raw: Vec<u8>,
}

/// The inbox. Clones share the mails.
#[derive(Clone, Debug, Default)]
pub struct Inbox {
    composer: Composer,
    mails: Arc<Mutex<VecDeque<Arc<Kept>>>>,
}

impl Inbox {
    /// An empty inbox.
    #[must_use]
    pub fn new(composer: Composer) -> Self {
        Self { composer, ..Self::default() }
    }

    /// The mails, newest first.
    #[must_use]
    pub fn mails(&self) -> Vec<Arc<Kept>> {
        self.lock().iter().cloned().collect()
    }

    /// The mail with this identity in hexadecimal.
    #[must_use]
    pub fn mail(&self, id: &str) -> Option<Arc<Kept>> {
        self.lock().iter().find(|kept| kept.mail.id.to_hex() == id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Kept>>> {
        // A panic elsewhere cannot leave the list half changed: every change is one push or pop.
        self.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Mailer for Inbox {
    async fn send(&self, mail: &OutgoingMail) -> Result<Receipt, MailError> {
        let raw = self.composer.compose(mail, &Habits::Plain)?.bytes;
        let mut mails = self.lock();
        mails.retain(|kept| kept.mail.id != mail.id);
        mails.push_front(Arc::new(Kept { mail: mail.clone(), raw }));
        mails.truncate(KEPT);
        Ok(Receipt { words: "kept in the inbox".into(), reference: Some(mail.id.to_hex()) })
    }

    fn at_once(&self) -> usize {
        64
    }

    async fn probe(&self) -> Result<(), MailError> {
        Ok(())
    }
}
