//! Certificate authorities of one application.

use std::fmt;
use std::sync::Arc;

use pingora::protocols::tls::CaType;
use pingora::utils::tls::WrappedX509;
use sha2::{Digest, Sha256};

/// Certificate authorities in place of the system's, with a number that stands for them.
///
/// Pingora keeps connections for the next request to the same address and name, and does not look at
/// who has vouched for the other end: a connection that was verified under one authority served
/// requests of a site with another one, and of the same site after a reload. The number makes them
/// different peers.
#[derive(Clone)]
pub struct Authorities {
    certificates: Arc<CaType>,
    group: u64,
}

impl Authorities {
    /// Trusts these certificates.
    #[must_use]
    pub fn new(certificates: Vec<WrappedX509>) -> Self {
        let mut hash = Sha256::new();
        for certificate in &certificates {
            // DER says its own length, so that no two lists are the same bytes.
            hash.update(certificate.borrow_raw_cert());
        }
        let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = hash.finalize().into();
        let group = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
        Self { certificates: certificates.into(), group }
    }

    /// The certificates.
    #[must_use]
    pub fn certificates(&self) -> Arc<CaType> {
        Arc::clone(&self.certificates)
    }

    /// The same for the same certificates, and for others another one.
    #[must_use]
    pub fn group(&self) -> u64 {
        self.group
    }
}

impl fmt::Debug for Authorities {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Authorities({} certificates)", self.certificates.len())
    }
}
