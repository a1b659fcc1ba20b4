//! What a listener shows to who comes with TLS.
//!
//! Pingora reads the files itself when its service starts, and panics there if they cannot be used: after
//! the process has said that it serves, with listeners that nobody answers on. A pair that was half
//! renewed did that. So they are read where an error is still one.

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};

/// Why a pair of files cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    /// One of them. Nothing of what it holds is shown: both may hold a private key, by mistake or not, and
    /// what the library says of a line that it does not know is that line.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// Whether it cannot be read, or holds something else.
        cause: String,
    },
    /// Both are there, and are none together.
    #[error("{0}")]
    Pair(#[from] rustls::Error),
}

/// Reads a chain and its key, both as paths of PEM files, and sees that they belong together.
pub(super) fn load(chain: &str, key: &str) -> Result<SingleCertAndKey, Unusable> {
    let no_chain = |cause| unusable(chain, &cause, "holds no certificate in PEM form");
    let no_key = |cause| unusable(key, &cause, "holds no private key in PEM form");
    let certificates: Vec<_> =
        CertificateDer::pem_file_iter(chain).and_then(Iterator::collect).map_err(no_chain)?;
    if certificates.is_empty() {
        return Err(no_chain(pem::Error::NoItemsFound));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(no_key)?;
    let pair = CertifiedKey::from_der(certificates, private, &ring::default_provider())?;
    Ok(SingleCertAndKey::from(pair))
}

fn unusable(path: &str, cause: &pem::Error, otherwise: &str) -> Unusable {
    let cause = match cause {
        pem::Error::Io(error) => error.to_string(),
        _ => otherwise.to_owned(),
    };
    Unusable::File { path: path.to_owned(), cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["app.example".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn loaded(chain: &str, key: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("chain"), chain).unwrap();
        std::fs::write(path("key"), key).unwrap();
        load(&path("chain"), &path("key")).map_or_else(|error| error.to_string(), |_| "good".into())
    }

    #[test]
    fn only_a_pair_is_shown_to_anybody() {
        let ((chain, key), (other, _)) = (made(), made());
        assert_eq!(loaded(&chain, &key), "good");
        assert_eq!(loaded(&format!("{chain}{other}"), &key), "good");
        assert!(
            loaded(&other, &key).contains("keys may not be consistent"),
            "{}",
            loaded(&other, &key)
        );
        for (chain, key, wanted) in [
            ("", &*key, "chain: holds no certificate in PEM form"),
            (&*key, &*key, "chain: holds no certificate in PEM form"),
            (&*chain, "", "key: holds no private key in PEM form"),
            (&*chain, &*chain, "key: holds no private key in PEM form"),
        ] {
            let said = loaded(chain, key);
            assert!(said.contains(wanted), "{said}");
        }
        let said = load("/nowhere/chain", "/nowhere/key").map(drop).unwrap_err().to_string();
        assert!(said.starts_with("/nowhere/chain: "), "{said}");
    }

    #[test]
    fn nothing_of_a_key_is_told() {
        let (chain, key) = made();
        let on_one_line = key.replace('\n', " ");
        let broken =
            [key.replace("-----END", "----- END"), key.replace("BEGIN", "BEGUN"), on_one_line];
        for broken in &broken {
            for (chain, key) in [(&chain, broken), (broken, &key)] {
                let said = loaded(chain, key);
                let is_plain =
                    said.ends_with("key in PEM form") || said.ends_with("certificate in PEM form");
                assert!(is_plain, "{said}");
            }
        }
    }
}
