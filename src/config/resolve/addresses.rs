//! Addresses to listen on: each can be had once.

use std::cell::RefCell;
use std::net::SocketAddr;

use crate::config::problem::{Fault, Place};
use crate::config::scope::Scope;
use crate::config::suggest::either;

/// The addresses that are taken, and by which key.
#[derive(Default)]
pub(super) struct Addresses(RefCell<Vec<(SocketAddr, String, Place)>>);

impl Addresses {
    /// Takes an address for the key at `scope`; reports when another one has it.
    pub(super) fn take(&self, scope: &Scope<'_>, address: SocketAddr) {
        let mut taken = self.0.borrow_mut();
        if let Some((_, key, place)) = taken.iter().find(|(other, ..)| overlap(*other, address)) {
            let line = place.line;
            scope.report(
                Fault::new(format!("is taken by {key} (line {line}) already"))
                    .value(&address.to_string())
                    .hint("give each its own port"),
            );
        }
        taken.push((address, scope.path().to_owned(), scope.place()));
    }

    /// The key that listens where a connection to `address` would arrive.
    pub(super) fn listening_at(&self, address: SocketAddr) -> Option<String> {
        let taken = self.0.borrow();
        let found = taken.iter().find(|(listening, ..)| {
            overlap(*listening, address) && (address.ip().is_loopback() || *listening == address)
        });
        found.map(|(_, key, _)| key.clone())
    }
}

/// Whether two addresses cannot be listened on at once. Port 0 is a new port each time.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let same_host = one.ip() == other.ip()
        || (one.is_ipv4() == other.is_ipv4()
            && (one.ip().is_unspecified() || other.ip().is_unspecified()));
    one.port() != 0 && one.port() == other.port() && same_host
}

/// Reads `127.0.0.1:8080` or `[::1]:8080`.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_| {
        let fault = Fault::new("must be an IP address and a port");
        let port = text.rsplit(':').next().unwrap_or_default();
        if port.parse::<u16>().is_err() {
            return fault.hint("write it like `0.0.0.0:8080` or `[::]:8080`");
        }
        match text.rsplit_once(':').map_or("", |(host, _)| host) {
            "" | "*" => {
                let (v4, v6) = (format!("0.0.0.0:{port}"), format!("[::]:{port}"));
                fault.hint(format!("did you mean {}?", either([v4.as_str(), v6.as_str()])))
            }
            "localhost" => fault.hint(format!("did you mean `127.0.0.1:{port}`?")),
            _ => fault.hint("write it like `0.0.0.0:8080` or `[::]:8080`"),
        }
    })
}
