//! Every row of `redirects.tsv`, from the outside: nobody leaves the whitelist.

use super::case::as_navigation;
use super::scene::{self, ALICE, HOST, assert_own_answer, gate, stays};
use crate::support::client::raw;
use crate::support::gate::Gate;

struct Row {
    url: String,
    allowed: bool,
    category: String,
}

fn rows() -> Vec<Row> {
    let file = include_str!("../../data/redirects.tsv");
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [json, verdict, category] = columns[..] else { panic!("three columns: {line}") };
        let url = serde_json::from_str(json).unwrap_or_else(|_| panic!("a JSON string: {json}"));
        let allowed = match verdict {
            "allow" => true,
            "refuse" => false,
            _ => panic!("a verdict: {line}"),
        };
        Row { url, allowed, category: category.to_owned() }
    };
    file.lines().map(row).collect()
}

fn encoded(url: &str) -> String {
    url::form_urlencoded::byte_serialize(url.as_bytes()).collect()
}

/// Where a browser on the site ends that follows this.
fn place(location: &str) -> url::Url {
    let site = url::Url::parse("https://app.example.com/").expect("a URL");
    site.join(location).unwrap_or_else(|_| panic!("a URL: {location}"))
}

fn assert_lands(row: &Row, location: &str, of: &str) {
    assert!(stays(location), "{of}: {}: {:?} -> {location}", row.category, row.url);
    if row.allowed {
        let wanted = place(&row.url);
        assert_eq!(place(location), wanted, "{of}: {}: {:?}", row.category, row.url);
    } else {
        assert_eq!(location, "/", "{of}: {}: {:?}", row.category, row.url);
    }
}

#[tokio::test]
async fn a_signed_in_visitor_is_sent_to_listed_places_only() {
    let gate = gate().await;
    let mut browser = scene::signed_in(&gate, ALICE).await;
    let mut landed = 0;
    for row in rows() {
        let target = format!("/.linkgate/sign-in?return_to={}", encoded(&row.url));
        let answer = browser.get(&target).await;
        assert_own_answer(&answer, &row.url);
        if target.len() > 16 * 1024 {
            assert_eq!(answer.status, 414, "{}", row.category);
            continue;
        }
        assert_eq!(answer.status, 303, "{}: {:?}", row.category, row.url);
        assert_lands(&row, answer.location(), "sign-in");
        let target = target.replace("/sign-in?", "/signed-in?");
        if target.len() <= 16 * 1024 {
            let answer = browser.get(&target).await;
            assert_own_answer(&answer, &row.url);
            assert_eq!(answer.status, 200, "{}: {:?}", row.category, row.url);
            let refresh = answer.header("refresh").strip_prefix("0; url=");
            assert_lands(&row, refresh.expect("a target"), "signed-in");
        }
        landed += 1;
        // Doubled: which one was meant, nobody knows.
        let doubled = format!("/.linkgate/sign-in?return_to=/&return_to={}", encoded(&row.url));
        if doubled.len() <= 16 * 1024 {
            assert_eq!(browser.get(&doubled).await.location(), "/", "{:?}", row.url);
        }
    }
    assert!(landed > 200, "{landed}");
    // The page that leads on leads nobody on who is not signed in.
    let answer = scene::browser(&gate).get("/.linkgate/signed-in?return_to=%2Fapp").await;
    assert_eq!((answer.status, answer.header("refresh")), (303, ""));
    assert_eq!(answer.location(), "/.linkgate/sign-in?return_to=%2Fapp");
}

/// The whole way through form, mail and link, for one row in four and all allowed ones.
#[tokio::test]
async fn a_sign_in_ends_at_listed_places_only() {
    let gate = gate().await;
    let short = |row: &Row| row.url.len() < 8000;
    let rows = rows().into_iter().filter(short).enumerate();
    for (_, row) in rows.filter(|(index, row)| row.allowed || index % 4 == 0) {
        let landed = gate.sign_in(&mut scene::browser(&gate), ALICE, &row.url).await;
        assert_eq!(landed.status, 303, "{:?}", row.url);
        assert_lands(&row, landed.location(), "link");
    }
}

/// The fragment is added by a script of ours, from a field that anybody can fill.
#[tokio::test]
async fn a_fragment_leads_nowhere_else() {
    let gate = gate().await;
    for fragment in
        ["@evil.test/", "#//evil.test", "\\evil.test", "\r\nLocation: https://evil.test"]
    {
        let mut browser = scene::browser(&gate);
        let before = gate.mails().len();
        let fields = [("email", ALICE), ("return_to", "/a"), ("fragment", fragment)];
        let asked = browser.post("/.linkgate/sign-in", &fields).await;
        assert_eq!(asked.status, 303, "{fragment}");
        let link = gate.mail(ALICE, before + 1).await.link();
        let landed = browser.get(&link).await;
        assert!(landed.location().starts_with("/a"), "{fragment}: {}", landed.location());
        assert_eq!(place(landed.location()).host_str(), Some(HOST), "{fragment}");
        assert_eq!(place(landed.location()).path(), "/a", "{fragment}");
    }
}

async fn challenge(gate: &Gate, target: &str) {
    let plain = format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    let request = as_navigation(plain.as_bytes()).expect("a place for the field");
    let answer = raw(gate.address, &request).await;
    assert!(matches!(answer.status, 303 | 400), "{target}: {}", answer.status);
    assert_own_answer(&answer, target);
    let location = place(answer.location());
    for (name, value) in location.query_pairs().filter(|(name, _)| name == "return_to") {
        assert!(stays(&value), "{target}: {name}: {value}");
        assert!(value == "/" || value == target, "{target}: {name}: {value}");
    }
}

/// `GET //evil.test/` asks for a path that a browser would read as a host, were it sent back.
#[tokio::test]
async fn a_stopped_request_never_becomes_a_location_elsewhere() {
    let gate = gate().await;
    for target in [
        "//evil.test/",
        "///evil.test/",
        "/\\evil.test",
        "/\\/evil.test",
        "//evil.test@app.example.com/",
        "/%2fevil.test",
        "/%2f%2fevil.test",
        "/%5cevil.test",
        "/%09/evil.test",
        "/./\\evil.test",
        "/.//evil.test",
        "/x/..//evil.test",
        "/;//evil.test",
        "//evil.test/%2e%2e",
        "/%252f/evil.test",
        "http://evil.test/",
        "//evil.test/.linkgate/sign-in",
    ] {
        challenge(&gate, target).await;
    }
}
