//! `linkgate keys dkim`: makes a key that signs mails, and says what the DNS must say.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePrivateKey;
use rsa::rand_core::{CryptoRng, Error, RngCore};
use zeroize::Zeroizing;

use crate::cli::{EX_USAGE, fail, say, secret_file};
use crate::domain::dkim::{DkimKey, DkimSigner, MailDomain, Selector};
use crate::ports::{Entropy, OsEntropy};

/// Bits of an RSA key: what all receivers take (RFC 8301), and what fits into the DNS.
const RSA_BITS: usize = 2048;
/// Longest text of one string in a TXT record (RFC 1035, 3.3).
const LONGEST_STRING: usize = 255;
/// A PKCS#8 of version 1 (RFC 8410, 7) up to the key itself. Other programs read it, too; what ring
/// writes, some do not.
const ED25519_PKCS8: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct DkimArguments {
    /// The domain of the sender, like example.com.
    #[arg(long, value_name = "DOMAIN", value_parser = MailDomain::parse)]
    domain: MailDomain,
    /// The name of the key in the DNS, like linkgate1. Each key has one of its own.
    #[arg(long, value_name = "NAME", value_parser = Selector::parse)]
    selector: Selector,
    /// An RSA key, which all receivers know. Without it, an Ed25519 key, which some do not.
    #[arg(long, conflicts_with = "key")]
    rsa: bool,
    /// Where the new key is written; never over another file.
    #[arg(long, value_name = "FILE", required_unless_present = "key", conflicts_with = "key")]
    out: Option<PathBuf>,
    /// A key that is there: its record is told.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

pub(in crate::cli) fn run(arguments: DkimArguments) -> ExitCode {
    let DkimArguments { domain, selector, rsa, out, key } = arguments;
    let done = match (&out, &key) {
        (Some(path), _) => made(path, rsa).map(|key| (path, key)),
        (None, Some(path)) => read(path).map(|key| (path, key)),
        (None, None) => return ExitCode::from(EX_USAGE),
    };
    match done {
        Ok((path, key)) => {
            let signer = DkimSigner { domain, selector, key };
            say(&told(&signer, path));
            ExitCode::SUCCESS
        }
        Err(why) => fail(&why),
    }
}

/// Makes a key and writes it.
fn made(path: &Path, rsa: bool) -> Result<DkimKey, String> {
    let pem = if rsa { rsa_key(&OsEntropy)? } else { ed25519_key(&OsEntropy) };
    let key = DkimKey::from_pem(pem.as_bytes()).map_err(|error| error.to_string())?;
    secret_file::create(path, pem.trim_end()).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!(
                "{}: is there already; name another file, or tell its record with --key",
                path.display()
            )
        }
        _ => format!("{}: {error}", path.display()),
    })?;
    Ok(key)
}

fn read(path: &Path) -> Result<DkimKey, String> {
    let place = path.display();
    let pem =
        std::fs::read(path).map(Zeroizing::new).map_err(|error| format!("{place}: {error}"))?;
    DkimKey::from_pem(&pem).map_err(|error| format!("{place}: {error}"))
}

fn ed25519_key(entropy: &dyn Entropy) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; 48]);
    let (head, seed) = bytes.split_at_mut(ED25519_PKCS8.len());
    head.copy_from_slice(&ED25519_PKCS8);
    entropy.fill(seed);
    pem(bytes.as_slice())
}

fn rsa_key(entropy: &dyn Entropy) -> Result<Zeroizing<String>, String> {
    let key =
        RsaPrivateKey::new(&mut Drawn(entropy), RSA_BITS).map_err(|error| error.to_string())?;
    let der = key.to_pkcs8_der().map_err(|error| error.to_string())?;
    Ok(pem(der.as_bytes()))
}

fn pem(der: &[u8]) -> Zeroizing<String> {
    let text = Zeroizing::new(STANDARD.encode(der));
    let mut pem = Zeroizing::new("-----BEGIN PRIVATE KEY-----\n".to_owned());
    for (index, letter) in text.chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    pem
}

/// What an operator needs to put a key to use.
fn told(signer: &DkimSigner, path: &Path) -> String {
    let (name, record) = (signer.record_name(), signer.key.record());
    let strings: Vec<_> = record
        .as_bytes()
        .chunks(LONGEST_STRING)
        .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)))
        .collect();
    let strings = strings.join(" ");
    let (domain, selector) = (signer.domain.as_str(), signer.selector.as_str());
    let mut text = format!(
        "In the DNS:\n\n{name}. 3600 IN TXT ( {strings} )\n\n\
         The same for a form, in one piece:\n\n{name}\n{record}\n\n\
         In the configuration, when the DNS says it:\n\n\
         mail:\n  dkim:\n    - {{ domain: {domain}, selector: {selector}, key: {{ file: {} }} }}",
        path.display()
    );
    if signer.key.algorithm() == "ed25519-sha256" {
        text.push_str(
            "\n\nNot all receivers know Ed25519. Give the others an RSA key of another selector beside it \
             (--rsa).",
        );
    }
    text
}

/// The randomness of a port, as the maker of keys wants it.
struct Drawn<'a>(&'a dyn Entropy);

impl RngCore for Drawn<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl CryptoRng for Drawn<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_made_sign_and_are_never_overwritten() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        for (rsa, kind) in [(false, "v=DKIM1; k=ed25519; p="), (true, "v=DKIM1; k=rsa; p=MIIBIjAN")]
        {
            let path = folder.path().join(format!("keys/{rsa}.pem"));
            let key = made(&path, rsa).unwrap();
            assert!(key.record().starts_with(kind), "{}", key.record());
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(read(&path).unwrap(), key);
            let before = std::fs::read(&path).unwrap();
            let again = made(&path, rsa).unwrap_err();
            assert!(again.contains("is there already"), "{again}");
            assert_eq!(std::fs::read(&path).unwrap(), before);
            assert_ne!(made(&folder.path().join(format!("{rsa}.pem")), rsa).unwrap(), key);
        }
    }

    #[test]
    fn the_record_is_told_in_strings_that_the_dns_takes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.pem");
        let key = made(&path, true).unwrap();
        let record = key.record();
        let domain = MailDomain::parse("example.com").unwrap();
        let selector = Selector::parse("s1").unwrap();
        let told = told(&DkimSigner { domain, selector, key }, &path);
        let line =
            told.lines().find(|line| line.starts_with("s1._domainkey.example.com. ")).unwrap();
        let strings: Vec<_> = line.split('"').skip(1).step_by(2).collect();
        assert!(strings.len() == 2 && strings.iter().all(|it| it.len() <= LONGEST_STRING));
        assert_eq!(strings.concat(), record);
        assert!(told.lines().any(|line| line == record) && !told.contains("--rsa"));
    }
}
