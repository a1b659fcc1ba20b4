//! What a visitor sees who comes too late: the portal with a clock that is moved.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use http::{Request, header};
use linkgate::adapters::argon2::Argon2Passwords;
use linkgate::adapters::yielding::Pace;
use linkgate::cli::foundation::sites;
use linkgate::config::Config;
use linkgate::domain::secret::Secret;
use linkgate::domain::token::{Browser, Token};
use linkgate::gate::Gate;
use linkgate::portal::assertion::{Assertions, SigningKeys};
use linkgate::portal::looks::Looks;
use linkgate::portal::visit::Here;
use linkgate::portal::{Desk, Portal};
use linkgate::ports::{Clock, KeyRosters};

use crate::gate_world::{HOUR, MINUTE, Seeded, World, client};

const ANN: &str = "ann@example.com";
const CONFIG: &str = r#"
listen: [{ address: "127.0.0.1:0" }]
store: { memory: {} }
mail: { from: login@example.com, folder: { path: mails } }
sites:
  - name: wiki
    origin: https://wiki.example.com
    upstream: http://127.0.0.1:1
    allow: ["@example.com", "ann.smith@gmail.com"]
"#;

/// A portal over the same store, clock and secret as a world.
struct Counter {
    world: World,
    portal: Portal,
}

impl Counter {
    fn open() -> Self {
        let world = World::in_memory();
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("linkgate.yaml");
        std::fs::write(&file, CONFIG).expect("the file");
        let config = Config::load(&file).unwrap_or_else(|problems| panic!("{problems}"));
        let secret = Secret::new(&[7; 32]).expect("a secret");
        let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
        let store = Arc::clone(&world.store);
        let keys = Arc::new(SigningKeys::new(&secret, Arc::clone(&store) as Arc<dyn KeyRosters>));
        let sites = Arc::new(sites(&config));
        let portal = Portal::new(Arc::new(Desk {
            mail_buttons: true,
            remember_address: true,
            gate: Arc::new(Gate::new(
                store,
                clock,
                Arc::new(Seeded::new(43)),
                Arc::new(Argon2Passwords::new(&secret, Arc::new(Seeded::new(44)))),
                &secret,
                "/.linkgate",
            )),
            looks: Looks::built_in("/.linkgate").expect("looks"),
            assertions: Assertions::new(keys, "/.linkgate", &sites, 1000).expect("fields"),
            sites,
            groups: Arc::clone(&config.groups),
            prefix: "/.linkgate".to_owned(),
            trusted: config.trusted_proxies.clone(),
            mail_health: Arc::default(),
            pace: Pace::Freely,
        }));
        Self { world, portal }
    }

    /// Status, page and cookies of an answer.
    async fn ask(&self, request: http::request::Builder, body: &str) -> (u16, String, Vec<String>) {
        let located = self.portal.desk().sites.find("wiki.example.com").expect("the site");
        let peer = client().ip();
        let here = Here { located, client: client(), peer, reference: "reference1".into() };
        let request = request
            .header("sec-fetch-site", "same-origin")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.to_owned()))
            .expect("a request");
        let answer = self.portal.answer(here, request).await;
        let cookies = answer.headers().get_all(header::SET_COOKIE).iter();
        let cookies = cookies.map(|it| it.to_str().expect("text").to_owned()).collect();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.expect("a page");
        (status, String::from_utf8_lossy(&body).into_owned(), cookies)
    }
}

fn cookie(browser: &Token<Browser>) -> String {
    format!("__Host-linkgate-browser={}", *browser.reveal())
}

#[tokio::test]
async fn an_expired_link_has_a_page_with_a_way_on() {
    let counter = Counter::open();
    let (browser, job) = counter.world.mailed(ANN, None).await;
    let target = job.link.strip_prefix("https://wiki.example.com").expect("ours").to_owned();
    let token = target.rsplit('/').next().expect("a token").to_owned();
    counter.world.clock.pass(10 * MINUTE);
    for cookies in ["", &*cookie(&browser)] {
        let get = Request::get(&target).header(header::COOKIE, cookies);
        let (status, page, cookies) = counter.ask(get, "").await;
        assert_eq!(status, 410);
        assert!(page.contains("This link has expired"), "{page}");
        assert!(page.contains("/.linkgate/resend") && page.contains(&token));
        assert!(!page.contains(ANN), "only masked");
        assert_eq!(cookies, Vec::<String>::new());
        let post = Request::post(&target);
        let (status, page, _) = counter.ask(post, "email=ann%40example.com").await;
        assert_eq!(status, 410);
        assert!(page.contains("This link has expired"), "{page}");
    }
    let post = Request::post("/.linkgate/code").header(header::COOKIE, cookie(&browser));
    let (status, page, _) = counter.ask(post, &format!("code={}", job.code)).await;
    assert_eq!(status, 410);
    assert!(page.contains("This request has ended"), "{page}");
    let wait = Request::get("/.linkgate/wait").header(header::COOKIE, cookie(&browser));
    let (status, state, _) = counter.ask(wait, "").await;
    assert_eq!((status, &*state), (200, r#"{"state":"expired"}"#));
    // One press, and a fresh mail is on its way to the same page.
    let (status, _, cookies) =
        counter.ask(Request::post("/.linkgate/resend"), &format!("token={token}")).await;
    assert_eq!((status, cookies.len()), (303, 1));
    let fresh = counter.world.mails().await.remove(0);
    assert_eq!(fresh.to.identity(), ANN);
    let target = fresh.link.strip_prefix("https://wiki.example.com").expect("ours").to_owned();
    let mine = cookies[0].split(';').next().expect("a pair").to_owned();
    let (status, _, cookies) =
        counter.ask(Request::get(&target).header(header::COOKIE, mine), "").await;
    assert_eq!(status, 303);
    assert!(cookies.iter().any(|it| it.starts_with("__Host-linkgate-session=")), "{cookies:?}");
}

#[tokio::test]
async fn an_ended_session_is_told_and_its_cookie_taken_away() {
    let counter = Counter::open();
    let (browser, job) = counter.world.mailed(ANN, None).await;
    let target = job.link.strip_prefix("https://wiki.example.com").expect("ours").to_owned();
    let get = Request::get(&target).header(header::COOKIE, cookie(&browser));
    let (status, _, cookies) = counter.ask(get, "").await;
    assert_eq!(status, 303);
    let session = cookies.iter().find(|it| it.contains("-session=")).expect("a session");
    let session = session.split(';').next().expect("a pair").to_owned();
    let api = || Request::get("/.linkgate/api/session").header(header::COOKIE, session.clone());
    assert_eq!(counter.ask(api(), "").await.0, 200);
    counter.world.clock.pass(12 * HOUR);
    assert_eq!(counter.ask(api(), "").await.0, 401, "idle");
    let form = Request::get("/.linkgate/sign-in").header(header::COOKIE, session.clone());
    let (status, _, cookies) = counter.ask(form, "").await;
    assert_eq!(status, 200, "asked again, and not sent in a circle");
    assert!(cookies.iter().any(|it| it.contains("-session=;") && it.contains("Max-Age=0")));
}

fn pair(cookies: &[String]) -> String {
    cookies[0].split(';').next().expect("a pair").to_owned()
}

/// The button that opens the mail names the address in its target.
#[tokio::test]
async fn who_only_holds_a_link_never_sees_the_whole_address() {
    let counter = Counter::open();
    let asked = Request::post("/.linkgate/sign-in");
    let (status, _, cookies) = counter.ask(asked, "email=ann.smith%40gmail.com").await;
    assert_eq!(status, 303);
    let page = || Request::get("/.linkgate/check-mail");
    let (_, own, _) = counter.ask(page().header(header::COOKIE, pair(&cookies)), "").await;
    assert!(own.contains("mail.google.com") && own.contains("ann.smith%40gmail.com"), "{own}");
    let job = counter.world.mails().await.remove(0);
    let token = job.link.rsplit('/').next().expect("a token").to_owned();
    counter.world.clock.pass(10 * MINUTE);
    let fresh = Request::post("/.linkgate/resend");
    let (status, _, cookies) = counter.ask(fresh, &format!("token={token}")).await;
    assert_eq!(status, 303);
    let (_, strange, _) = counter.ask(page().header(header::COOKIE, pair(&cookies)), "").await;
    assert!(strange.contains("a***@gmail.com"), "{strange}");
    assert!(!strange.contains("ann.smith") && !strange.contains("mail.google.com"), "{strange}");
}

/// Clock and randomness are the same for both, so the answers must be, to the byte.
#[tokio::test]
async fn waiting_and_asking_again_is_alike_for_everybody() {
    let mut seen = Vec::new();
    for who in [ANN, "eve@strange.com"] {
        let counter = Counter::open();
        let (local, domain) = who.split_once('@').expect("an address");
        let asked = Request::post("/.linkgate/sign-in");
        let mut answers = vec![counter.ask(asked, &format!("email={local}%40{domain}")).await];
        let mine = pair(&answers[0].2);
        for (seconds, method, target, body) in [
            (0, "GET", "check-mail", ""),
            (29, "POST", "resend", ""),
            (1, "POST", "resend", ""),
            (0, "GET", "check-mail", ""),
            (0, "GET", "wait", ""),
            (0, "POST", "code", "code=BBBB-BBBB"),
            (10 * 60, "GET", "check-mail", ""),
            (0, "GET", "wait", ""),
            (0, "POST", "code", "code=BBBB-BBBB"),
            (0, "POST", "resend", ""),
            (0, "GET", "check-mail", ""),
        ] {
            counter.world.clock.pass(std::time::Duration::from_secs(seconds));
            let request = Request::builder().method(method).uri(format!("/.linkgate/{target}"));
            answers.push(counter.ask(request.header(header::COOKIE, &mine), body).await);
        }
        let statuses: Vec<_> = answers.iter().map(|(status, ..)| *status).collect();
        assert_eq!(statuses, [303, 200, 429, 303, 200, 200, 422, 200, 200, 410, 303, 200]);
        let is_delivered = counter.world.mails().await.iter().any(|job| job.deliver);
        assert_eq!(is_delivered, who == ANN);
        let plain = |text: String| text.replace(who, "ADDRESS");
        let answers = answers
            .into_iter()
            .map(|(status, page, cookies)| (status, page.len(), plain(page), cookies));
        seen.push(answers.collect::<Vec<_>>());
    }
    let unknown = seen.pop().expect("two");
    for (known, unknown) in seen.remove(0).iter().zip(&unknown) {
        assert_eq!(known, unknown);
    }
}
