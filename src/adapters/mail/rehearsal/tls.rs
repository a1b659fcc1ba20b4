//! TLS with a relay, as mails are handed over with it, and whose certificate it shows, believed or
//! not.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
    SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Trouble;
use crate::domain::letter;

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Whose it is.
    pub subject: String,
    /// The hosts it is for.
    pub names: Vec<String>,
    /// Who vouches for it.
    pub issuer: String,
    /// Until when it is valid, in seconds since 1970.
    pub until: i64,
}

/// A protected connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secured {
    /// The version of TLS, as in `TLS 1.3`.
    pub version: String,
    /// The certificate, if it can be read.
    pub certificate: Option<Certificate>,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsTrouble {
    /// Of which kind.
    pub kind: TlsTroubleKind,
    /// In the words of the library.
    pub words: String,
    /// The certificate that was shown.
    pub certificate: Option<Certificate>,
}

/// Of which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsTroubleKind {
    /// Nobody we believe vouches for the certificate.
    UnknownIssuer,
    /// It is for other hosts.
    OtherName,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYet,
    /// It cannot be believed for another reason.
    Certificate,
    /// The other side does not speak TLS here.
    NotTls,
    /// It speaks none of our versions.
    Version,
    /// Something else.
    Other,
}

/// Performs the handshake.
pub(super) async fn secure<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    host: &str,
    authority: Option<&[u8]>,
) -> Result<(TlsStream<S>, Secured), Trouble> {
    let verifier = Arc::new(Watching::new(authority)?);
    let broken = |error: Error| Trouble::Authority(error.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(broken)?
        .dangerous() // The verifier asks the usual one, and only remembers what it was asked about.
        .with_custom_certificate_verifier(Arc::clone(&verifier) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|_| Trouble::NoHost)?;
    match TlsConnector::from(Arc::new(config)).connect(name, stream).await {
        Ok(stream) => {
            let version = stream.get_ref().1.protocol_version();
            let version = match version {
                Some(rustls::ProtocolVersion::TLSv1_3) => "TLS 1.3".to_owned(),
                Some(rustls::ProtocolVersion::TLSv1_2) => "TLS 1.2".to_owned(),
                other => other.map_or("TLS".to_owned(), |version| format!("{version:?}")),
            };
            Ok((stream, Secured { version, certificate: verifier.seen() }))
        }
        Err(error) => {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            let Some(inner) = inner else { return Err(Trouble::HungUp) };
            let (kind, words) = (kind(inner), inner.to_string());
            Err(Trouble::Tls(Box::new(TlsTrouble { kind, words, certificate: verifier.seen() })))
        }
    }
}

fn kind(error: &Error) -> TlsTroubleKind {
    use CertificateError as Bad;
    match error {
        Error::InvalidCertificate(bad) => match bad {
            // An authority of the same name with another key is another one.
            Bad::UnknownIssuer | Bad::BadSignature => TlsTroubleKind::UnknownIssuer,
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => TlsTroubleKind::OtherName,
            Bad::Expired | Bad::ExpiredContext { .. } => TlsTroubleKind::Expired,
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => TlsTroubleKind::NotYet,
            _ => TlsTroubleKind::Certificate,
        },
        Error::InvalidMessage(_) => TlsTroubleKind::NotTls,
        Error::PeerIncompatible(_) | Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            TlsTroubleKind::Version
        }
        _ => TlsTroubleKind::Other,
    }
}

/// Asks the usual verifier, and remembers the certificate.
struct Watching {
    inner: Arc<WebPkiServerVerifier>,
    seen: Mutex<Option<Certificate>>,
}

impl fmt::Debug for Watching {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Watching(..)")
    }
}

impl Watching {
    /// Believes whom mails are handed over to: the authorities of the system, and the given ones.
    fn new(authority: Option<&[u8]>) -> Result<Self, Trouble> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        for certificate in CertificateDer::pem_slice_iter(authority.unwrap_or_default()) {
            let certificate = certificate.map_err(|error| Trouble::Authority(error.to_string()))?;
            roots.add(certificate).map_err(|error| Trouble::Authority(error.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| Trouble::Authority(error.to_string()))?;
        Ok(Self { inner, seen: Mutex::default() })
    }

    fn seen(&self) -> Option<Certificate> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Watching {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = certificate(end_entity);
        let inner = &self.inner;
        inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

fn certificate(der: &CertificateDer<'_>) -> Option<Certificate> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let names = certificate.subject_alternative_name().ok().flatten();
    let names = names.map_or(Vec::new(), |names| {
        let name = |name: &GeneralName<'_>| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => ip(bytes),
            _ => None,
        };
        names.value.general_names.iter().filter_map(name).map(|name| printable(&name)).collect()
    });
    Some(Certificate {
        subject: printable(&certificate.subject().to_string()),
        names,
        issuer: printable(&certificate.issuer().to_string()),
        until: certificate.validity().not_after.timestamp(),
    })
}

fn ip(bytes: &[u8]) -> Option<String> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|it| std::net::Ipv4Addr::from(it).to_string()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|it| std::net::Ipv6Addr::from(it).to_string()),
        _ => None,
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|sign| !letter::is_stray(*sign)).take(200).collect()
}
