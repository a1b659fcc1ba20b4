//! The installation's secret: read, or made on first start.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::config::SecretPlan;
use crate::domain::secret::Secret;
use crate::ports::Entropy;

/// Random bytes of a secret that is made here.
const BYTES: usize = 48;

/// Comes by the secret.
///
/// # Errors
/// When the file cannot be made.
pub(super) fn secret(plan: &SecretPlan, entropy: &dyn Entropy) -> io::Result<Secret> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    entropy.fill(bytes.as_mut_slice());
    let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice()));
    match plan {
        SecretPlan::Ready(secret) => return Ok(secret.clone()),
        SecretPlan::ForThisRun => {}
        SecretPlan::Create(path) => create(path, &text)?,
    }
    Secret::new(text.as_bytes()).map_err(io::Error::other)
}

/// Makes the file, readable for its owner only; never overwrites one.
pub(super) fn create(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()
}
