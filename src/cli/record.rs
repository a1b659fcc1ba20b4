//! The audit record in the process that serves: who notes, who writes, and where it goes besides the
//! store.

use std::sync::{Arc, Mutex, PoisonError};

use super::admin::Purpose;
use super::aside::Aside;
use super::installation::StartError;
use crate::adapters::argon2::Argon2Passwords;
use crate::adapters::audit::PATIENCE;
use crate::adapters::audit::file::RotatedFile;
use crate::adapters::audit::stdout::Stdout;
use crate::adapters::audit::syslog::{Syslog, SyslogAt};
use crate::config::{AuditConfig, AuditFile, Config, Retention, SyslogTo};
use crate::domain::secret::Secret;
use crate::gate::Gate;
use crate::gate::journal::{Journal, LAST_WRITE, Writer};
use crate::metrics::Metrics;
use crate::ports::{Audit, AuditSink, Clock, Entropy, Store};
use crate::proxy::server::Assembly;

// Longer than one write to a sink: where the store keeps nothing and a sink hangs, the end may come in the
// middle of one, and the others have the rest at once when it is over.
const _: () = assert!(PATIENCE.as_millis() < LAST_WRITE.as_millis());

/// The use cases, and the journal in which they note what happens.
pub(super) fn open_gate(
    config: &Config,
    secret: &Secret,
    store: Arc<dyn Store>,
    (clock, entropy): (&Arc<dyn Clock>, &Arc<dyn Entropy>),
) -> (Gate, Journal) {
    let own = || (Arc::clone(clock), Arc::clone(entropy));
    let passwords = Arc::new(Argon2Passwords::new(secret, Arc::clone(entropy)));
    let (shared, drawn) = own();
    let journal = Journal::new(shared, drawn, secret, config.audit.client);
    let (shared, drawn) = own();
    let gate = Gate::new(store, shared, drawn, passwords, secret, config.prefix.as_str());
    (gate.recording(journal.clone()), journal)
}

/// Writes down what is noted until the journal is closed: what others do to their end, too.
pub(super) fn keep(server: &mut Assembly<'_>, writer: Writer, aside: &Arc<Aside>) {
    let writer = Mutex::new(Some(writer));
    let aside = Arc::clone(aside);
    server.add_ending_work("audit", move |_| {
        let aside = Arc::clone(&aside);
        let writer = writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move {
            if let Some(writer) = writer {
                aside.boxed("audit", writer.run()).await;
            }
        })
    });
}

/// Who writes the journal: to the store, unless it keeps nothing, and to what else is named. Connects to
/// nothing.
///
/// # Errors
/// [`StartError`] when the file cannot be written to.
pub(super) fn writer(
    config: &Config,
    journal: &Journal,
    store: Arc<dyn Audit>,
    metrics: &Arc<Metrics>,
) -> Result<Writer, StartError> {
    journal.count_in(Arc::clone(metrics));
    let sinks = sinks(config)?;
    Ok(match config.audit.retention {
        Retention::For(_) => Writer::new(journal, store, sinks),
        Retention::Off => Writer::past_the_store(journal, sinks),
    })
}

/// Who writes what a command does that has the store open itself: to the store; where that keeps
/// nothing, to the file and to syslog. Not to stdout, where its answer is.
///
/// # Errors
/// [`StartError`] when the file cannot be written to.
pub(super) fn writer_of_command(
    audit: &AuditConfig,
    journal: &Journal,
    store: Arc<dyn Audit>,
    purpose: Purpose,
) -> Result<Writer, StartError> {
    Ok(match (audit.retention, purpose) {
        (Retention::For(_), _) => Writer::new(journal, store, Vec::new()),
        (Retention::Off, Purpose::Change) => Writer::past_the_store(journal, lasting(audit)?),
        // Who only looks makes no file.
        (Retention::Off, Purpose::Read) => Writer::past_the_store(journal, Vec::new()),
    })
}

/// Opens what the configuration names.
fn sinks(config: &Config) -> Result<Vec<Box<dyn AuditSink>>, StartError> {
    let mut sinks = lasting(&config.audit)?;
    if config.audit.stdout {
        let part = |error: std::io::Error| StartError::Part(format!("audit.stdout: {error}"));
        sinks.insert(0, Box::new(Stdout::open().map_err(part)?));
    }
    Ok(sinks)
}

/// Opens the file and the way to syslog.
fn lasting(audit: &AuditConfig) -> Result<Vec<Box<dyn AuditSink>>, StartError> {
    let mut sinks: Vec<Box<dyn AuditSink>> = Vec::new();
    if let Some(AuditFile { path, max_size, keep }) = &audit.file {
        let open = RotatedFile::open(path.clone(), *max_size, *keep);
        let failed = |error: std::io::Error| StartError::File {
            path: path.clone(),
            cause: error.to_string(),
        };
        sinks.push(Box::new(open.map_err(failed)?));
    }
    if let Some(syslog) = &audit.syslog {
        let at = match &syslog.to {
            SyslogTo::Unix(path) => SyslogAt::Unix(path.clone()),
            SyslogTo::Udp(host, port) => SyslogAt::Udp(host.clone(), *port),
            SyslogTo::Tcp(host, port) => SyslogAt::Tcp(host.clone(), *port),
        };
        sinks.push(Box::new(Syslog::new(at, syslog.facility)));
    }
    Ok(sinks)
}
