//! The HTTP APIs of mail providers.

use url::Url;

use super::smtp::timeout;
use crate::config::file::{
    BrevoFile, MailgunFile, PostmarkFile, ResendFile, SendGridFile, SesFile, WaysFile,
};
use crate::config::located::{Located, Text};
use crate::config::problem::Fault;
use crate::config::resolve::{certificates, secrets};
use crate::config::scope::{Scope, flag, word};
use crate::config::secret_source::SecretSource;
use crate::config::settings::{ApiConfig, ApiProvider, Password};
use crate::domain::dkim::MailDomain;
use crate::domain::origin::Host;

/// What the maps of all providers have.
struct Common<'a> {
    endpoint: Option<&'a Text>,
    ca: Option<&'a Text>,
    timeout: Option<&'a Text>,
}

macro_rules! common {
    ($file:expr) => {
        Common {
            endpoint: $file.endpoint.as_ref(),
            ca: $file.ca.as_ref(),
            timeout: $file.timeout.as_ref(),
        }
    };
}

/// The provider that is named here, if one is.
pub(super) fn api(scope: &Scope<'_>, ways: &WaysFile<'_>) -> Option<ApiConfig> {
    if let Some(Located { value, at }) = ways.postmark {
        return postmark(&scope.key("postmark", *at), value);
    }
    if let Some(Located { value, at }) = ways.ses {
        return ses(&scope.key("ses", *at), value);
    }
    if let Some(Located { value, at }) = ways.mailgun {
        return mailgun(&scope.key("mailgun", *at), value);
    }
    if let Some(Located { value, at }) = ways.sendgrid {
        return sendgrid(&scope.key("sendgrid", *at), value);
    }
    if let Some(Located { value, at }) = ways.resend {
        return resend(&scope.key("resend", *at), value);
    }
    let Located { value, at } = ways.brevo?;
    brevo(&scope.key("brevo", *at), value)
}

fn postmark(scope: &Scope<'_>, file: &PostmarkFile) -> Option<ApiConfig> {
    let token = token(scope, file.token.as_ref(), "POSTMARK_TOKEN");
    let stream = scope.or("stream", file.stream.as_ref(), "outbound".to_owned(), name);
    let common = common!(file);
    let provider = token.map(|token| ApiProvider::Postmark { token, stream });
    finished(scope, provider, "https://api.postmarkapp.com", &common)
}

fn ses(scope: &Scope<'_>, file: &SesFile) -> Option<ApiConfig> {
    let region =
        scope.required("region", file.region.as_ref(), "write it like eu-central-1", label);
    let hint = "name the access key, such as AKIA…; its secret goes under secret";
    let access_key = scope.required("access_key", file.access_key.as_ref(), hint, name);
    let secret = secret(scope, "secret", file.secret.as_ref(), "AWS_SECRET_ACCESS_KEY");
    let set = scope.optional("configuration_set", file.configuration_set.as_ref(), name);
    warn_of_tracking(scope, file.tracking_is_off.as_ref(), "in the configuration set");
    let url = format!("https://email.{}.amazonaws.com", region.as_deref().unwrap_or("region"));
    let parts = region.zip(access_key).zip(secret);
    let provider = parts.map(|((region, access_key), secret)| ApiProvider::Ses {
        region,
        access_key,
        secret,
        configuration_set: set,
    });
    finished(scope, provider, &url, &common!(file))
}

fn mailgun(scope: &Scope<'_>, file: &MailgunFile) -> Option<ApiConfig> {
    let hint = "name the sending domain, like mg.example.com";
    let domain = scope.required("domain", file.domain.as_ref(), hint, mail_domain);
    let token = token(scope, file.token.as_ref(), "MAILGUN_TOKEN");
    const REGIONS: &[(&str, &str)] =
        &[("us", "https://api.mailgun.net"), ("eu", "https://api.eu.mailgun.net")];
    let url = scope.or("region", file.region.as_ref(), REGIONS[0].1, word(REGIONS));
    let provider = domain.zip(token).map(|(domain, token)| ApiProvider::Mailgun { domain, token });
    finished(scope, provider, url, &common!(file))
}

fn sendgrid(scope: &Scope<'_>, file: &SendGridFile) -> Option<ApiConfig> {
    let token = token(scope, file.token.as_ref(), "SENDGRID_TOKEN");
    const REGIONS: &[(&str, &str)] =
        &[("global", "https://api.sendgrid.com"), ("eu", "https://api.eu.sendgrid.com")];
    let url = scope.or("region", file.region.as_ref(), REGIONS[0].1, word(REGIONS));
    let provider = token.map(|token| ApiProvider::SendGrid { token });
    finished(scope, provider, url, &common!(file))
}

fn resend(scope: &Scope<'_>, file: &ResendFile) -> Option<ApiConfig> {
    let token = token(scope, file.token.as_ref(), "RESEND_TOKEN");
    warn_of_tracking(scope, file.tracking_is_off.as_ref(), "for the domain");
    let provider = token.map(|token| ApiProvider::Resend { token });
    finished(scope, provider, "https://api.resend.com", &common!(file))
}

fn brevo(scope: &Scope<'_>, file: &BrevoFile) -> Option<ApiConfig> {
    let token = token(scope, file.token.as_ref(), "BREVO_TOKEN");
    warn_of_tracking(scope, file.tracking_is_off.as_ref(), "in the account's settings");
    let provider = token.map(|token| ApiProvider::Brevo { token });
    finished(scope, provider, "https://api.brevo.com", &common!(file))
}

fn finished(
    scope: &Scope<'_>,
    provider: Option<ApiProvider>,
    url: &str,
    common: &Common<'_>,
) -> Option<ApiConfig> {
    let own = scope.optional("endpoint", common.endpoint, endpoint);
    let ca = certificates::authorities(scope, common.ca);
    let timeout = timeout(scope, common.timeout);
    // Those of the code are well formed.
    let endpoint = own.or_else(|| Url::parse(url).ok())?;
    Some(ApiConfig { provider: provider?, endpoint, ca, timeout })
}

/// Some providers rewrite links unless a setting of theirs says no, which no request can overrule.
fn warn_of_tracking(scope: &Scope<'_>, said: Option<&Text>, place: &str) {
    if !scope.or("tracking_is_off", said, false, flag) {
        let hint = format!(
            "switch click and open tracking off {place} there, then say `tracking_is_off: true` here"
        );
        scope.warn(
            Fault::new(
                "cannot be told in a request to leave links as they are: where it rewrites \
                        them, sign-in links go through a third party, or break",
            )
            .hint(hint),
        );
    }
}

fn token(
    scope: &Scope<'_>,
    source: Option<&Located<SecretSource>>,
    example: &str,
) -> Option<Password> {
    secret(scope, "token", source, example)
}

fn secret(
    scope: &Scope<'_>,
    key: &str,
    source: Option<&Located<SecretSource>>,
    example: &str,
) -> Option<Password> {
    let Some(source) = source else {
        scope.missing(key, &format!("write {{ env: {example} }}"));
        return None;
    };
    let scope = scope.key(key, source.at);
    let secret = secrets::text(&scope, &source.value)?;
    // It becomes the value of a header.
    if !secret.expose().bytes().all(|byte| byte.is_ascii_graphic()) {
        scope.report(Fault::new("leads to something with signs that no token has"));
        return None;
    }
    Some(secret)
}

/// A name that a provider has given, or was given.
fn name(text: &str) -> Result<String, Fault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=128).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(Fault::new("must be a name of letters, digits, - and _"))
}

/// A part of a host name.
fn label(text: &str) -> Result<String, Fault> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=63).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    Err(Fault::new("must be the name of a region").hint("write it like `eu-central-1`"))
}

pub(super) fn mail_domain(text: &str) -> Result<MailDomain, Fault> {
    MailDomain::parse(text).map_err(|error| Fault::new(error.to_string()))
}

/// Where an API is instead: credentials and links go there, so it must be TLS, unless it is here.
fn endpoint(text: &str) -> Result<Url, Fault> {
    let hint = "write it like `https://api.example.com`";
    let url = Url::parse(text).map_err(|_| Fault::new("must be a URL").hint(hint))?;
    let host = url.host_str().and_then(|host| Host::parse(host).ok());
    let is_bare = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    match (url.scheme(), host) {
        _ if !is_bare || url.password().is_some() => {
            Err(Fault::new("must have neither a login, nor a query or fragment").hint(hint))
        }
        ("https", Some(_)) => Ok(url),
        ("http", Some(host)) if host.is_loopback() => Ok(url),
        ("http", Some(_)) => {
            Err(Fault::new("would send sign-in links, and the token, readable by everyone between")
                .hint("use https; http is for this machine only"))
        }
        _ => Err(Fault::new("must be the URL of a server").hint(hint)),
    }
}
