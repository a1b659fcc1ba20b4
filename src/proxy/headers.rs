//! Request headers on the way to an upstream: which of the client's are never believed.
//!
//! An application, a CGI gateway or a framework folds header names: `X_Auth_User`, `X.Auth.User`
//! and `x-auth-user` may be one to it. So the comparison here folds, too: lower case, and nothing
//! but letters and digits counts (CVE-2025-64484, CVE-2026-54763, CVE-2026-88011, which cured one
//! character after the other). It is a rule over families of names, not a list of spellings.

use crate::domain::header::ManagedNames;

/// Longest name that is folded; what is longer cannot be one of the families exactly, and names
/// with a family's prefix are caught by the first bytes.
const FOLDED: usize = 48;

/// Families of names that say who somebody is or where a request came from: a client's own header
/// of such a name never reaches an upstream. `clientcert` is RFC 9440, section 3: whoever may set it
/// must remove what clients send. `xhttpmethod` and its like turn a request into another one than was
/// decided about, as `xrewriteurl` does. Folded; a name belongs when it begins with one.
const FAMILIES: [&str; 41] = [
    "cfaccess",
    "cfconnectingip",
    "clientcert",
    "clientip",
    "fastlyclientip",
    "forwarded",
    "frontendhttps",
    "oidcclaim",
    "proxyauthorization",
    "remote",
    "sslclient",
    "tailscaleuser",
    "trueclientip",
    "xamznoidc",
    "xauthemail",
    "xauthentik",
    "xauthgroup",
    "xauthrequest",
    "xauthuser",
    "xauthenticated",
    "xclientip",
    "xclusterclientip",
    "xforwarded",
    "xgoogauthenticated",
    "xgoogiap",
    "xhost",
    "xhttpmethod",
    "xlinkgate",
    "xmethodoverride",
    "xmsclientprincipal",
    "xmstoken",
    "xoriginal",
    "xoriginating",
    "xpomerium",
    "xrealip",
    "xremote",
    "xrequestid",
    "xrewriteurl",
    "xsslclient",
    "xvouch",
    "xwebauth",
];

/// The letters that families begin with, a bit for each, and the `h` of [`CGI`]. Most names of a
/// request begin with another one, and are done with after one look.
const FIRST_LETTERS: u32 = {
    let (mut letters, mut at) = (1 << (CGI[0] - b'a'), 0);
    while at < FAMILIES.len() {
        letters |= 1 << (FAMILIES[at].as_bytes()[0] - b'a');
        at += 1;
    }
    letters
};

/// CGI writes `HTTP_` before the names of headers; an application that looks for
/// `HTTP_REMOTE_USER` may find a header of that name.
const CGI: &[u8] = b"http";

/// Hop-by-hop fields beyond `Connection`, which Pingora handles (RFC 9110, 7.6.1).
const HOP_BY_HOP: [&str; 6] =
    ["keep-alive", "proxy-connection", "te", "trailer", "http2-settings", "proxy-authenticate"];

/// What happens to a header of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on, as it is.
    Kept,
    /// It is removed: only linkgate may say this.
    Ours,
    /// It is removed: its name has a character outside `[A-Za-z0-9-]`, which applications fold.
    Odd,
    /// It is removed: it belongs to this connection only.
    HopByHop,
}

/// Judges a header of the client by its lower-cased name. `own` are the names that sites set.
#[must_use]
pub fn fate(name: &str, own: &ManagedNames) -> Fate {
    if is_ours(name, own) {
        return Fate::Ours;
    }
    if HOP_BY_HOP.iter().any(|hop| name.eq_ignore_ascii_case(hop)) {
        return Fate::HopByHop;
    }
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        Fate::Kept
    } else {
        Fate::Odd
    }
}

fn is_ours(name: &str, own: &ManagedNames) -> bool {
    if !may_be_managed(name, own) {
        return false;
    }
    let mut buffer = [0u8; FOLDED];
    let mut length = 0;
    for byte in name.bytes().filter(u8::is_ascii_alphanumeric).take(FOLDED) {
        buffer[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    let name = &buffer[..length];
    let is_one = |name: &[u8]| {
        FAMILIES.iter().any(|family| name.starts_with(family.as_bytes())) || own.contains(name)
    };
    is_one(name) || name.strip_prefix(CGI).is_some_and(is_one)
}

fn may_be_managed(name: &str, own: &ManagedNames) -> bool {
    let first = name.bytes().find(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
    first.is_some_and(|first| {
        own.may_begin_with(first)
            || (first.is_ascii_lowercase() && FIRST_LETTERS >> (first - b'a') & 1 == 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nothing() -> ManagedNames {
        ManagedNames::default()
    }

    fn own(names: &[&str]) -> ManagedNames {
        ManagedNames::new(&names.iter().map(|name| name.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn what_a_site_sets_is_its_own_in_every_spelling_and_nobody_elses() {
        let own = own(&["App-User", "Kunde", &"z".repeat(crate::domain::header::LONGEST_NAME)]);
        let long = "Z".repeat(crate::domain::header::LONGEST_NAME);
        for name in
            ["app-user", "app_user", "APP.USER", "appuser", "-a-p-p-user~", "http_app_user", &long]
        {
            assert_eq!(fate(name, &own), Fate::Ours, "{name}");
        }
        for name in ["app-user-id", "app", "kunden", "accept", "authorization", "zz"] {
            assert_eq!(fate(name, &own), Fate::Kept, "{name}");
        }
        assert_eq!(fate("app-user", &nothing()), Fate::Kept);
    }

    #[test]
    fn every_spelling_of_an_identity_header_is_ours() {
        let names = [
            "x-auth-request-user",
            "x_auth_request_user",
            "x.auth.request.user",
            "x-auth_request-user",
            "x~auth~request~user",
            "x-auth-request-user!",
            "http_x_auth_request_user",
            "remote-user",
            "remote_user",
            "remoteuser",
            "http_remote_user",
            "x-forwarded-user",
            "x-forwarded-for",
            "x_forwarded_proto",
            "x-forwarded-uri",
            "x-forwarded-prefix",
            "forwarded",
            "x-real-ip",
            "x-original-url",
            "x-rewrite-url",
            "x-original-uri",
            "cf-access-authenticated-user-email",
            "x-pomerium-jwt-assertion",
            "x-amzn-oidc-identity",
            "x-webauth-user",
            "x-authentik-username",
            "x-ms-client-principal-name",
            "x-goog-iap-jwt-assertion",
            "x-goog-authenticated-user-email",
            "x-linkgate-assertion",
            "true-client-ip",
            "cf-connecting-ip",
            "x-client-ip",
            "x-cluster-client-ip",
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            "x-originating-ip",
            "x-request-id",
            "x--remote--user",
            "proxy-authorization",
            "x-remote-user",
            "x-remote-group",
            "x-vouch-user",
            "tailscale-user-login",
            "oidc-claim-email",
            "client-cert",
            "ssl-client-s-dn",
            "x-ssl-client-verify",
        ];
        for name in names {
            assert_ne!(fate(name, &nothing()), Fate::Kept, "{name}");
        }
    }

    #[test]
    fn what_applications_need_goes_on() {
        let names = [
            "accept",
            "accept-language",
            "authorization",
            "content-type",
            "cookie",
            "host",
            "user-agent",
            "origin",
            "referer",
            "x-requested-with",
            "x-csrf-token",
            "if-none-match",
            "range",
            "sec-fetch-mode",
            "sec-websocket-key",
            "traceparent",
            "grpc-timeout",
            "x-api-key",
            "x-auth-token",
        ];
        for name in names {
            assert_eq!(fate(name, &nothing()), Fate::Kept, "{name}");
        }
        assert_eq!(fate("x_api_key", &nothing()), Fate::Odd);
        assert_eq!(fate("te", &nothing()), Fate::HopByHop);
    }

    proptest! {
        #[test]
        fn punctuation_and_case_hide_nothing(family in 0..FAMILIES.len(), dots in proptest::collection::vec("[-_.~!#$%&'*+^`|]{0,2}", 20), upper: bool) {
            let mut name = String::new();
            for (position, letter) in FAMILIES[family].chars().enumerate() {
                name.push_str(&dots[position % dots.len()]);
                name.push(if upper { letter.to_ascii_uppercase() } else { letter });
            }
            prop_assert_eq!(fate(&name, &nothing()), Fate::Ours, "{}", name);
        }

        #[test]
        fn punctuation_and_case_hide_no_name_of_a_site(name in "[A-Za-z][A-Za-z0-9-]{0,39}", dots in proptest::collection::vec("[-_.~!#$%&'*+^`|]{0,2}", 20), upper: bool) {
            let Ok(managed) = name.parse() else { return Ok(()) };
            let managed = ManagedNames::new([&managed]);
            let mut spelled = String::new();
            for (position, letter) in name.chars().enumerate() {
                spelled.push_str(&dots[position % dots.len()]);
                spelled.push(if upper { letter.to_ascii_uppercase() } else { letter });
            }
            prop_assert_eq!(fate(&spelled, &managed), Fate::Ours, "{}", spelled);
        }
    }
}
