//! PEM files: whether they can be read, hold what they should, and fit each other. Found at start
//! they cost a line of text; found by the first visitor, a night.

use std::path::PathBuf;

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, RootCertStore};

use super::secrets::unreadable;
use crate::config::located::Text;
use crate::config::problem::Fault;
use crate::config::scope::Scope;
use crate::config::settings::TlsFiles;

/// A certificate and its key: a listener's, or what we show to a server that asks.
pub(super) fn pair(
    scope: &Scope<'_>,
    certificate: Option<&Text>,
    key: Option<&Text>,
) -> Option<TlsFiles> {
    if certificate.is_none() {
        scope.missing("certificate", "name the PEM file with the certificate chain");
    }
    if key.is_none() {
        scope.missing("key", "name the PEM file with the private key");
    }
    let chain = certificate.and_then(|text| certificates(&scope.key("certificate", text.at), text));
    let private = key.and_then(|text| private_key(&scope.key("key", text.at), text));
    let ((chain, certificate), (private, key)) = (chain?, private?);
    // A kind of key that cannot be compared is not called wrong.
    let mismatch = any_supported_type(&private).ok().is_some_and(|private| {
        let pair = CertifiedKey::new(chain, private).keys_match();
        matches!(pair, Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)))
    });
    if mismatch {
        scope.report(
            Fault::new("the certificate and the key do not belong together")
                .hint("the first certificate in the file must be that of the key"),
        );
    }
    Some(TlsFiles { certificate, key })
}

/// A file of CAs that is named under `ca`. Each is read: the proxy framework panics over one that is
/// none, at the start and, with the file of a running server, at a reload.
pub(super) fn authorities(scope: &Scope<'_>, text: Option<&Text>) -> Option<PathBuf> {
    let text = text?;
    let scope = scope.key("ca", text.at);
    let (chain, path) = certificates(&scope, text)?;
    let mut store = RootCertStore::empty();
    if chain.into_iter().all(|certificate| store.add(certificate).is_ok()) {
        return Some(path);
    }
    scope.report(Fault::new("names a file with something else than certificates of authorities"));
    None
}

/// A file with a certificate that something is signed with.
pub(super) fn signer(scope: &Scope<'_>, key: &str, text: Option<&Text>) -> Option<PathBuf> {
    let text = text?;
    certificates(&scope.key(key, text.at), text).map(|(_, path)| path)
}

fn certificates(scope: &Scope<'_>, text: &Text) -> Option<(Vec<CertificateDer<'static>>, PathBuf)> {
    let (pem, path) = read(scope, text)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Some((chain, path)),
        _ => {
            scope.report(Fault::new("names a file without a certificate in PEM form"));
            None
        }
    }
}

fn private_key(scope: &Scope<'_>, text: &Text) -> Option<(PrivateKeyDer<'static>, PathBuf)> {
    let (pem, path) = read(scope, text)?;
    if let Ok(key) = PrivateKeyDer::from_pem_slice(&pem) {
        return Some((key, path));
    }
    let is_encrypted = pem.windows(9).any(|bytes| bytes == b"ENCRYPTED");
    scope.report(if is_encrypted {
        Fault::new("names a private key that is protected by a passphrase")
            .hint("remove the passphrase (openssl pkey -in OLD -out NEW) and protect the file")
    } else {
        Fault::new("names a file without a private key in PEM form")
    });
    None
}

/// Reads a file. Its name is not repeated: people paste the key itself here.
fn read(scope: &Scope<'_>, text: &Text) -> Option<(Vec<u8>, PathBuf)> {
    let path = scope.file_path(&text.value);
    if text.value.contains("-----BEGIN") {
        scope.report(Fault::new("must be the path of a PEM file, not its content"));
        return None;
    }
    match scope.run.environment.read(&path) {
        Ok(pem) => Some((pem, path)),
        Err(error) => {
            scope.report(unreadable(&error, scope.run.base));
            None
        }
    }
}
