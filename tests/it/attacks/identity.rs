//! Nobody says who they are in a header: families of names, spellings, routes, protocols.

use super::scene::{self, ALICE, HOST, SESSION, gate};
use crate::support::client::raw;
use crate::support::gate::{Gate, Wishes};
use crate::support::upstream::Received;

/// What an application behind some proxy believes (the vendors' documentation), and what this
/// proxy says itself.
const NAMES: &[&str] = &[
    "X-Auth-Request-User",
    "X-Auth-Request-Email",
    "X-Auth-Request-Groups",
    "X-Auth-Request-Preferred-Username",
    "X-Auth-Request-Access-Token",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "X-Forwarded-Access-Token",
    "X-Forwarded-Prefix",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Forwarded-Port",
    "X-Forwarded-Uri",
    "Forwarded",
    "Remote-User",
    "Remote-Email",
    "Remote-Groups",
    "Remote-Name",
    "X-Remote-User",
    "X-Remote-Group",
    "X-WEBAUTH-USER",
    "X-WebAuth-Email",
    "X-Authentik-Username",
    "X-Authentik-Groups",
    "Cf-Access-Authenticated-User-Email",
    "Cf-Access-Jwt-Assertion",
    "X-Pomerium-Jwt-Assertion",
    "X-Pomerium-Claim-Email",
    "X-Goog-Authenticated-User-Email",
    "X-Goog-Iap-Jwt-Assertion",
    "X-Amzn-Oidc-Identity",
    "X-Amzn-Oidc-Data",
    "X-MS-Client-Principal",
    "X-MS-Client-Principal-Name",
    "X-Authenticated-User",
    "X-Auth-User",
    "X-Auth-Email",
    "Client-Cert",
    "SSL-Client-S-DN",
    "X-SSL-Client-Verify",
    "X-Vouch-User",
    "Tailscale-User-Login",
    "OIDC-Claim-Email",
    "X-Linkgate-Assertion",
    "X-Real-IP",
    "X-Client-IP",
    "True-Client-IP",
    "CF-Connecting-IP",
    "X-Original-URL",
    "X-Rewrite-URL",
    "X-Request-Id",
];

const LIE: &str = "root-of-all-evil";

/// The spellings that applications, gateways and frameworks take for one name.
fn spellings(name: &str) -> Vec<String> {
    vec![
        name.to_owned(),
        name.to_ascii_uppercase(),
        name.replace('-', "_"),
        name.replace('-', "."),
        name.replace('-', "~"),
        name.replacen('-', "_", 1),
        name.replace('-', "--"),
        name.replace('-', ""),
        format!("{name}!"),
        format!("_{name}"),
        format!("HTTP_{}", name.to_ascii_uppercase().replace('-', "_")),
    ]
}

/// The fields of all lies, as many in a request as its head may have.
fn lies() -> Vec<Vec<String>> {
    let all: Vec<String> = NAMES.iter().flat_map(|name| spellings(name)).collect();
    all.chunks(80).map(<[String]>::to_vec).collect()
}

/// Nothing of the client's lies, and of what names a person exactly what the proxy says.
fn assert_no_lie(received: &Received, user: &[&str], of: &str) {
    let lies: Vec<_> = received.headers.iter().filter(|(_, value)| value.contains(LIE)).collect();
    assert_eq!(lies, Vec::<&(String, String)>::new(), "{of}");
    assert_eq!(received.all("x-auth-request-user"), user, "{of}");
    assert_eq!(received.all("x-auth-request-email"), user, "{of}");
    assert_eq!(received.all("x-linkgate-assertion").len(), user.len(), "{of}");
    assert_eq!(received.all("x-forwarded-for"), ["127.0.0.1"], "{of}");
    assert_eq!(received.all("x-forwarded-host"), [HOST], "{of}");
    assert_eq!(received.all("x-forwarded-proto"), ["https"], "{of}");
}

/// Sends every lie on every route, over both protocols.
async fn send_lies(gate: &Gate) {
    let session = scene::signed_in(gate, ALICE).await.cookies[SESSION].clone();
    let cookie = format!("{SESSION}={session}");
    for (path, cookie, user) in
        [("/public/x", "", &[][..]), ("/public/x", &cookie, &[ALICE]), ("/app", &cookie, &[ALICE])]
    {
        for lies in lies() {
            let of = format!("{path} {lies:?}");
            gate.upstream.forget();
            let mut request = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n");
            for name in &lies {
                request.push_str(&format!("{name}: {LIE}\r\n"));
            }
            if !cookie.is_empty() {
                request.push_str(&format!("Cookie: {cookie}\r\n"));
            }
            let answer = raw(gate.address, format!("{request}\r\n").as_bytes()).await;
            assert_eq!(answer.status, 200, "{of}");
            assert_no_lie(&gate.upstream.seen()[0], user, &of);

            gate.upstream.forget();
            let status = over_http2(gate, path, cookie, &lies).await;
            assert_eq!(status, 200, "{of}");
            assert_no_lie(&gate.upstream.seen()[0], user, &of);
        }
    }
}

async fn over_http2(gate: &Gate, path: &str, cookie: &str, lies: &[String]) -> u16 {
    let stream = tokio::net::TcpStream::connect(gate.address).await.expect("connect");
    let (mut client, connection) = h2::client::handshake(stream).await.expect("HTTP/2");
    let connection = tokio::spawn(connection);
    let mut request = http::Request::get(format!("https://{HOST}{path}"));
    for name in lies {
        request = request.header(name.to_ascii_lowercase(), LIE);
    }
    if !cookie.is_empty() {
        request = request.header("cookie", cookie);
    }
    let request = request.body(()).expect("a request");
    let (answer, _) = client.send_request(request, true).expect("sent");
    let status = answer.await.expect("an answer").status().as_u16();
    connection.abort();
    status
}

#[tokio::test]
async fn no_family_in_no_spelling_reaches_the_application() {
    send_lies(&gate().await).await;
}

#[tokio::test]
async fn a_site_that_keeps_odd_names_keeps_none_of_these() {
    let scene = scene::wishes();
    let sites = scene.sites.replace(
        "identity_headers: x-auth-request",
        "identity_headers: x-auth-request\n    odd_headers: keep",
    );
    let gate = Gate::with(Wishes { sites, ..scene }).await;
    send_lies(&gate).await;
    gate.upstream.forget();
    let odd = format!("GET /public/x HTTP/1.1\r\nHost: {HOST}\r\nX_Api_Key: mine\r\n\r\n");
    assert_eq!(raw(gate.address, odd.as_bytes()).await.status, 200);
    assert_eq!(gate.upstream.seen()[0].all("x_api_key"), ["mine"]);
}

/// CVE-2024-45410: what the client names in `Connection`, a proxy removes, its own words included.
#[tokio::test]
async fn connection_options_take_nothing_of_ours_away() {
    let gate = gate().await;
    let session = scene::signed_in(&gate, ALICE).await.cookies[SESSION].clone();
    for option in [
        "X-Auth-Request-User",
        "x-auth-request-email",
        "X-Linkgate-Assertion",
        "X-Forwarded-Proto",
        "X-Forwarded-Host",
        "X-Request-Id",
        "Cookie",
        "Authorization",
        "close, Remote-User",
    ] {
        gate.upstream.forget();
        let request = format!(
            "GET /app HTTP/1.1\r\nHost: {HOST}\r\nConnection: {option}\r\n\
             Cookie: a=b; {SESSION}={session}\r\n\r\n"
        );
        let answer = raw(gate.address, request.as_bytes()).await;
        match gate.upstream.seen().first() {
            Some(received) => {
                assert_no_lie(received, &[ALICE], option);
                assert_eq!(received.all("x-request-id").len(), 1, "{option}");
            }
            None => assert_eq!(answer.status, 400, "{option}"),
        }
    }
}

/// A trailer is a header that comes late; a lie in it is one, too.
#[tokio::test]
async fn trailers_are_not_merged_into_the_head() {
    let gate = gate().await;
    let request = format!(
        "POST /public/x HTTP/1.1\r\nHost: {HOST}\r\nTransfer-Encoding: chunked\r\n\
         Trailer: X-Auth-Request-User\r\n\r\n1\r\na\r\n0\r\nX-Auth-Request-User: {LIE}\r\n\
         Remote-User: {LIE}\r\nCookie: {SESSION}={LIE}\r\n\r\n"
    );
    let answer = raw(gate.address, request.as_bytes()).await;
    assert!(matches!(answer.status, 200 | 400), "{}", answer.status);
    for received in gate.upstream.seen() {
        assert_no_lie(&received, &[], "trailers");
        assert!(!String::from_utf8_lossy(&received.body).contains(LIE), "{received:?}");
    }
}

/// An application must not be able to set our cookies, nor learn them.
#[tokio::test]
async fn the_application_sets_no_cookie_of_ours() {
    let gate = gate().await;
    let mut browser = scene::signed_in(&gate, ALICE).await;
    let answer = browser.get("/cookie").await;
    assert_eq!(answer.all("set-cookie"), ["own=1"]);
    assert_eq!(answer.header("cache-control"), "private");
    let received = gate.upstream.seen().pop().expect("a request");
    assert_eq!(received.all("cookie"), Vec::<&str>::new());
}
