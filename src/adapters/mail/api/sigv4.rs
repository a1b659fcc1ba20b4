//! AWS Signature Version 4 for one request:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
//!
//! By hand, because the crate for it brings the parts of an AWS client with it, and this is four HMACs.

use std::fmt;

use hmac::{Hmac, Mac};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use zeroize::Zeroizing;

use super::credential;
use crate::domain::time::UnixMillis;
use crate::ports::MailError;

const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day]T[hour][minute][second]Z");

/// An access key.
pub struct Credentials {
    /// Its identifier.
    pub access_key: String,
    /// Its secret.
    pub secret: Zeroizing<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Credentials(..)")
    }
}

/// What a signature is for.
pub(super) struct Signing<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) at: UnixMillis,
}

impl Signing<'_> {
    /// The headers that sign a `POST` without a query.
    pub(super) fn headers(
        &self,
        credentials: &Credentials,
        host: &str,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> Result<[(HeaderName, HeaderValue); 2], MailError> {
        let seconds = i64::try_from(self.at.0 / 1000).unwrap_or(i64::MAX);
        let moment = OffsetDateTime::from_unix_timestamp(seconds).ok();
        let moment = moment.and_then(|moment| moment.format(MOMENT).ok()).unwrap_or_default();
        let day = moment.get(..8).unwrap_or_default();
        let body = hex(&Sha256::digest(body));
        let request = format!(
            "POST\n{path}\n\ncontent-type:{content_type}\nhost:{host}\nx-amz-date:{moment}\n\n\
             content-type;host;x-amz-date\n{body}"
        );
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let digest = hex(&Sha256::digest(request));
        let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}");
        let signature = hex(&mac(&self.key(&credentials.secret, day), &text));
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders=content-type;host;x-amz-date, \
             Signature={signature}",
            credentials.access_key
        );
        let (name, moment) = credential(HeaderName::from_static("x-amz-date"), &moment)?;
        Ok([(name, moment), credential(AUTHORIZATION, &value)?])
    }

    fn key(&self, secret: &Zeroizing<String>, day: &str) -> Zeroizing<Vec<u8>> {
        let first = Zeroizing::new(format!("AWS4{}", secret.as_str()));
        let mut key = Zeroizing::new(first.as_bytes().to_vec());
        for part in [day, self.region, self.service, "aws4_request"] {
            key = Zeroizing::new(mac(&key, part));
        }
        key
    }
}

#[allow(clippy::expect_used)] // HMAC takes keys of every length
fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `post-x-www-form-urlencoded` of the test suite that AWS publishes.
    #[test]
    fn a_vector_of_aws() {
        let credentials = Credentials {
            access_key: "AKIDEXAMPLE".into(),
            secret: Zeroizing::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
        };
        // 2015-08-30T12:36:00Z
        let at = UnixMillis(1_440_938_160_000);
        let signing = Signing { region: "us-east-1", service: "service", at };
        let kind = "application/x-www-form-urlencoded";
        let body = b"Param1=value1";
        let [(_, date), (_, value)] =
            signing.headers(&credentials, "example.amazonaws.com", "/", kind, body).unwrap();
        assert_eq!(date, "20150830T123600Z");
        assert_eq!(
            value.to_str().unwrap(),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
        assert!(value.is_sensitive());
    }
}
