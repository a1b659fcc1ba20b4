//! A certificate authority of the test's own, and servers and clients that use it.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData};
use sha2::{Digest, Sha256};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// An authority, and a certificate of it for names of this machine.
pub struct Certificates {
    /// The authority, as PEM.
    pub authority: String,
    /// The server's certificate, as PEM.
    pub certificate: String,
    /// Its key, as PEM.
    pub key: String,
    /// The digest by which Chromium is told to believe it: SHA-256 of the public key, in base64.
    pub fingerprint: String,
    authority_der: CertificateDer<'static>,
    certificate_der: CertificateDer<'static>,
    key_der: Vec<u8>,
}

impl Certificates {
    /// For `localhost`, `app.localhost` and 127.0.0.1.
    pub fn new() -> Self {
        Self::of(&["localhost", "app.localhost", "127.0.0.1"])
    }

    /// For these names.
    pub fn of(names: &[&str]) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let authority = params.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(params, key);
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let params = CertificateParams::new(names).expect("names");
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        Self {
            authority: authority.pem(),
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            fingerprint: STANDARD.encode(Sha256::digest(key.subject_public_key_info())),
            authority_der: authority.der().clone(),
            certificate_der: certificate.der().clone(),
            key_der: key.serialize_der(),
        }
    }

    /// Writes `ca.pem`, `site.pem` and `site.key` into a folder.
    pub fn write(&self, folder: &Path) {
        for (name, text) in
            [("ca.pem", &self.authority), ("site.pem", &self.certificate), ("site.key", &self.key)]
        {
            std::fs::write(folder.join(name), text).expect("a file");
        }
    }

    /// Speaks TLS as the server.
    pub fn acceptor(&self, alpn: &[&str]) -> TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.key_der.clone()).expect("a key");
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate_der.clone()], key)
            .expect("a certificate");
        config.alpn_protocols = alpn.iter().map(|it| it.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Speaks TLS as a client that believes this authority alone.
    pub fn connector(&self, alpn: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority_der.clone()).expect("an authority");
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|it| it.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config))
    }
}
