//! `mail.dkim`

use super::api::mail_domain;
use crate::config::file::{DkimFile, List, MailFile, Map};
use crate::config::located::Located;
use crate::config::problem::Fault;
use crate::config::resolve::secrets::{self, Fetched};
use crate::config::scope::Scope;
use crate::config::secret_source::SecretSource;
use crate::config::settings::{MailConfig, MailTransport, Site};
use crate::domain::dkim::{DkimKey, DkimSigner, Selector};

/// Keys at most: two kinds for a few domains, old and new.
const MOST_KEYS: usize = 16;

/// `mail.dkim`
pub(super) fn signers(scope: &Scope<'_>, list: Option<&List<DkimFile>>) -> Vec<DkimSigner> {
    let Some(list) = list else { return Vec::new() };
    let scope = scope.key("dkim", list.at);
    if list.value.len() > MOST_KEYS {
        scope.report(Fault::new(format!("must have at most {MOST_KEYS} entries")));
    }
    let mut signers: Vec<DkimSigner> = Vec::new();
    for (index, Located { value: file, at }) in list.value.iter().enumerate() {
        let scope = scope.item(index, *at);
        let Some(signer) = signer(&scope, file) else { continue };
        if signers.iter().any(|it| it.record_name() == signer.record_name()) {
            scope.report(
                Fault::new("has the domain and the selector of another key")
                    .hint("give each key a selector of its own: one record cannot have two"),
            );
        }
        signers.push(signer);
    }
    signers
}

fn signer(scope: &Scope<'_>, file: &DkimFile) -> Option<DkimSigner> {
    let hint = "name the domain of the sender, like example.com";
    let domain = scope.required("domain", file.domain.as_ref(), hint, mail_domain);
    let hint =
        "name the key in the DNS, like linkgate1: its record is at linkgate1._domainkey.DOMAIN";
    let selector = scope.required("selector", file.selector.as_ref(), hint, |text| {
        Selector::parse(text).map_err(|error| Fault::new(error.to_string()))
    });
    let key = match &file.key {
        Some(source) => key(&scope.key("key", source.at), &source.value),
        None => {
            scope.missing("key", "write { file: PATH }; `linkgate keys dkim` makes one");
            None
        }
    };
    Some(DkimSigner { domain: domain?, selector: selector?, key: key? })
}

fn key(scope: &Scope<'_>, source: &SecretSource) -> Option<DkimKey> {
    let pem = match secrets::fetch(scope, source)? {
        Fetched::Bytes(bytes) => bytes,
        Fetched::NoFile(_) => {
            let missing = std::io::ErrorKind::NotFound.into();
            scope.report(secrets::unreadable(&missing, scope.run.base));
            return None;
        }
    };
    let key = DkimKey::from_pem(&pem);
    let hint = "make one with `linkgate keys dkim`: PEM, without a passphrase";
    key.map_err(|error| {
        scope.report(
            Fault::new("leads to something that cannot sign mails")
                .hint(format!("{error}; {hint}")),
        );
    })
    .ok()
}

/// Notes what is not signed, and what signs nothing: a signature counts for its receiver only where
/// its domain is that of the sender, or above it.
pub(in crate::config::resolve) fn warn_of_senders(
    root: &Scope<'_>,
    file: Option<&Map<MailFile>>,
    mail: Option<&MailConfig>,
    sites: &[Site],
) {
    let (Some(Located { value: file, at }), Some(mail)) = (file, mail) else { return };
    let Some(list) = file.dkim.as_ref().filter(|_| !mail.dkim.is_empty()) else { return };
    let scope = root.key("mail", *at).key("dkim", list.at);
    let of_sites = sites.iter().filter_map(|site| site.mail.from.as_ref());
    let is_used = sites.iter().any(|site| site.mail.from.is_none());
    let common = Some(&mail.from).filter(|_| is_used);
    let mut senders: Vec<_> =
        common.into_iter().chain(of_sites).map(|it| it.address.domain()).collect();
    senders.sort_unstable();
    senders.dedup();
    for sender in &senders {
        if !mail.dkim.iter().any(|signer| signer.domain.covers(sender)) {
            scope.warn(
                Fault::new("has no key for the domain of a sender, whose mails are not signed")
                    .value(sender)
                    .hint("add a key with that domain, or send from a domain that has one"),
            );
        }
    }
    for (index, signer) in mail.dkim.iter().enumerate() {
        if !senders.iter().any(|sender| signer.domain.covers(sender)) {
            let at = list.value.get(index).map_or(list.at, |entry| entry.at);
            scope.item(index, at).warn(
                Fault::new("signs nothing: no sender has this domain")
                    .value(signer.domain.as_str())
                    .hint("the domain must be that of mail.from or sites[].mail.from"),
            );
        }
    }
    let builds = |relay: &MailTransport| match relay {
        MailTransport::Api(api) => api.provider.name() == "ses",
        _ => true,
    };
    if !mail.relays.iter().any(builds) {
        scope.warn(
            Fault::new("signs nothing: the provider builds the mails, and signs them itself")
                .hint("remove the keys, and set up DKIM in its settings"),
        );
    }
}
