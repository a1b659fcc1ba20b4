//! To stdout, for whatever collects it.

use std::io::{self, Write};

use async_trait::async_trait;

use super::desk::Desk;
use super::{lines, missed, put};
use crate::domain::event::Event;
use crate::ports::{AuditSink, Missed};

/// The standard output of the process.
pub struct Stdout(Desk);

impl std::fmt::Debug for Stdout {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Stdout")
    }
}

impl Stdout {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// When there is no room for a thread.
    pub fn open() -> io::Result<Self> {
        Desk::start("audit-stdout", |bytes| {
            let mut out = io::stdout().lock();
            put(&mut out, bytes).map_err(|(done, error)| missed(bytes, done, error))?;
            Ok(out.flush()?)
        })
        .map(Self)
    }
}

#[async_trait]
impl AuditSink for Stdout {
    fn name(&self) -> &'static str {
        "stdout"
    }

    async fn write(&mut self, events: &[Event]) -> Result<(), Missed> {
        self.0.write(lines(events)?).await
    }
}
