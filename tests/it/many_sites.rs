//! What many sites of one installation cost each of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Request, header};
use linkgate::adapters::embedded::Embedded;
use linkgate::adapters::yielding::Pace;
use linkgate::cli::foundation::{Built, Foundation};
use linkgate::config::{Config, SystemEnvironment};
use linkgate::domain::secret::Secret;
use linkgate::portal::assertion::SigningKeys;
use linkgate::portal::security::LARGEST_POLICY;
use linkgate::portal::visit::Here;
use linkgate::ports::{KeyRosters, Store};

use crate::gate_world::{World, client};
use crate::support::gate::{Gate, Wishes};

const ANN: &str = "ann@example.com";

/// What a server is made of, for so many sites, each with these lines of its own.
fn built(count: usize, own: &str) -> Built {
    built_over(Arc::new(Embedded::in_memory().expect("a store")), count, own)
}

/// The same over a store.
pub fn built_over(store: Arc<dyn Store>, count: usize, own: &str) -> Built {
    let mut text = "listen: [{ address: \"127.0.0.1:0\" }]\nstore: { memory: {} }\n\
                    mail: { from: login@example.com, folder: { path: mails } }\nsites:\n"
        .to_owned();
    for at in 0..count {
        let own = own.replace("$AT", &at.to_string());
        writeln!(
            text,
            "  - {{ name: s{at}, origin: \"https://s{at}.apps.example.com\", \
             upstream: \"http://127.0.0.1:1\", allow: [everyone]{own} }}"
        )
        .expect("a line");
    }
    let config = Config::parse(&text, "many.yaml", Path::new(""), &SystemEnvironment);
    let rosters = Arc::clone(&store) as Arc<dyn KeyRosters>;
    let secret = Secret::new(&[7; 32]).expect("a secret");
    let foundation = Foundation {
        gate: Arc::new(World::over(store).gate),
        signing_keys: Arc::new(SigningKeys::new(&secret, rosters)),
        mail_health: Arc::default(),
        metrics: Arc::default(),
        tracer: None,
        pace: Pace::of(1),
    };
    foundation.build(&config.unwrap_or_else(|problems| panic!("{problems}"))).expect("a server")
}

fn here(built: &Built, site: &str) -> Here {
    let desk = built.front.portal.desk();
    let located = desk.sites.find(&format!("{site}.apps.example.com")).expect("the site");
    Here { located, client: client(), peer: client().ip(), reference: "reference1".into() }
}

/// Bytes of a head on the wire.
fn size(head: &HeaderMap) -> usize {
    head.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum()
}

/// The policies of all sites: each once, however many sites share it.
fn policies(built: &Built, count: usize) -> BTreeMap<usize, usize> {
    let policy = |at: usize| {
        let mut answer = axum::response::Response::default();
        built.front.portal.secure(&here(built, &format!("s{at}")), &mut answer);
        let value = answer.headers().get(header::CONTENT_SECURITY_POLICY).expect("a policy");
        assert!(value.len() <= LARGEST_POLICY, "s{at}: {} bytes", value.len());
        (value.as_bytes().as_ptr() as usize, value.len())
    };
    (0..count).map(policy).collect()
}

/// They named every site at every site: ten thousand took three gigabytes and minutes to start.
#[test]
fn the_policies_of_many_sites_are_as_large_as_those_of_few() {
    let of_one: usize = policies(&built(1, ""), 1).values().sum();
    for count in [10, 1000, 10_000] {
        let policies = policies(&built(count, ""), count);
        assert_eq!(policies.len(), 1, "{count} sites share one");
        assert!(policies.values().sum::<usize>() < of_one + 500, "{count}: {policies:?}");
    }
    let own = ", return_to: [\"https://reports$AT.example.net/*\", \"exampleapp$AT://signed-in\"]";
    for count in [1000, 10_000] {
        let total: usize = policies(&built(count, own), count).values().sum();
        assert!(total < count * (of_one + 100), "{count}: {total} bytes");
    }
}

#[tokio::test]
async fn the_head_of_a_page_is_as_large_with_many_sites_as_with_one() {
    let head = async |count: usize| {
        let built = built(count, "");
        let request = Request::get("/.linkgate/sign-in").body(Body::empty()).expect("a request");
        let answer = built.front.portal.answer(here(&built, "s0"), request).await;
        assert_eq!(answer.status(), 200);
        size(answer.headers())
    };
    let of_one = head(1).await;
    for count in [150, 10_000] {
        let size = head(count).await;
        // What ordinary proxies make room for.
        assert!(size < 4096 && size < of_one + 200, "{count} sites: {size} bytes, of one {of_one}");
    }
}

/// Three sites, or two hundred more, and what programs are answered that send the code as a form.
async fn ends(more: usize) -> (String, Vec<(u16, String)>) {
    let other = |at: usize| {
        format!(
            "  - {{ name: s{at}, origin: \"http://s{at}.localhost:$PORT\", \
             upstream: $UPSTREAM, allow: [everyone] }}\n"
        )
    };
    let own = "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    \
               allow: [everyone]\n    return_to: [\"https://reports.example.net/*\", \
               \"exampleapp://signed-in\"]\n";
    let sites = own.to_owned() + &(0..2 + more).map(other).collect::<String>();
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let form = gate.browser().get("/.linkgate/sign-in").await;
    let policy = form.header("content-security-policy").to_owned();
    let mut answers = Vec::new();
    for end in [
        "/x".to_owned(),
        format!("{}/x", gate.origin),
        format!("http://s1.localhost:{}/x", gate.address.port()),
        "https://reports.example.net/x".to_owned(),
        "exampleapp://signed-in".to_owned(),
    ] {
        let mut program = gate.browser();
        assert_eq!(gate.ask(&mut program, ANN, &end).await.status, 303);
        let code = gate.mail(ANN, answers.len() + 1).await.code();
        let landed = program.post("/.linkgate/code", &[("code", &code)]).await;
        let location = landed.location().replace(&gate.address.port().to_string(), "$PORT");
        answers.push((landed.status, location));
    }
    (policy.replace(&gate.address.port().to_string(), "$PORT"), answers)
}

/// A form may be answered with a redirect only to what its page names, and elsewhere it leads by way
/// of a page of ours.
#[tokio::test]
async fn a_form_ends_where_its_policy_says_or_at_a_page_of_ours() {
    const LISTED: &str = "exampleapp: https://reports.example.net";
    for (more, is_named) in [(0, true), (200, false)] {
        let (policy, answers) = ends(more).await;
        let actions = policy.split("; ").find_map(|it| it.strip_prefix("form-action "));
        let sites =
            "http://app.localhost:$PORT http://s0.localhost:$PORT http://s1.localhost:$PORT";
        let expected = match is_named {
            true => format!("'self' exampleapp: {sites} https://reports.example.net"),
            false => format!("'self' {LISTED}"),
        };
        assert_eq!(actions, Some(&*expected), "{more} more sites");
        let other = match is_named {
            true => "http://s1.localhost:$PORT/x",
            false => "/.linkgate/signed-in?return_to=http%3A%2F%2Fs1.localhost%3A$PORT%2Fx",
        };
        let here = "http://app.localhost:$PORT/x";
        let ends = ["/x", here, other, "https://reports.example.net/x", "exampleapp://signed-in"];
        assert_eq!(answers, ends.map(|end| (303, end.to_owned())), "{more} more sites");
    }
}

/// What a site lists may be too much, too.
#[tokio::test]
async fn a_list_that_is_too_long_is_not_named_either() {
    let list: Vec<_> = (0..100).map(|at| format!("\"https://r{at}.example.net/*\"")).collect();
    let sites = format!(
        "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    allow: [everyone]\n    \
         return_to: [{}]\n",
        list.join(", ")
    );
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut program = gate.browser();
    let form = program.get("/.linkgate/sign-in").await;
    let policy = form.header("content-security-policy");
    assert!(policy.contains("form-action 'self';"), "{policy}");
    assert_eq!(gate.ask(&mut program, ANN, "https://r7.example.net/x").await.status, 303);
    let code = gate.mail(ANN, 1).await.code();
    let landed = program.post("/.linkgate/code", &[("code", &code)]).await;
    let between = "/.linkgate/signed-in?return_to=https%3A%2F%2Fr7.example.net%2Fx";
    assert_eq!((landed.status, landed.location()), (303, between));
    let on = program.get(between).await;
    assert_eq!((on.status, on.header("refresh")), (200, "0; url=https://r7.example.net/x"));
}

/// Nobody reads through thousands of sites on a page that says no.
#[tokio::test]
async fn a_page_without_access_names_a_few_sites() {
    let other = |at: usize| {
        format!(
            "  - {{ name: s{at}, origin: \"http://s{at}.localhost:$PORT\", upstream: $UPSTREAM, \
             allow: [everyone] }}\n"
        )
    };
    let own = "\n  - name: app\n    origin: $ORIGIN\n    upstream: $UPSTREAM\n    \
               allow: [everyone]\n    rules: [{ path: /admin, allow: [root@example.com] }]\n";
    let sites = own.to_owned() + &(0..60).map(other).collect::<String>();
    let gate = Gate::with(Wishes { sites, ..Wishes::default() }).await;
    let mut ann = gate.browser();
    gate.sign_in(&mut ann, ANN, "/").await;
    let refused = ann.get("/admin").await;
    assert_eq!(refused.status, 403);
    let named = (0..60).filter(|at| refused.text().contains(&format!("//s{at}.localhost"))).count();
    assert_eq!(named, 20);
}
