//! Requests that come together are read first and then decided, where one thread serves.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, header};
use linkgate::domain::service_token::PREFIX;
use linkgate::domain::token::{Service, Session, Token};
use linkgate::portal::who::identify;
use linkgate::ports::Store;

use crate::many_sites::built_over;
use crate::watched_store::Watched;

fn head(name: HeaderName, value: String) -> HeaderMap {
    HeaderMap::from_iter([(name, value.parse().expect("a value"))])
}

/// A script and two people, of whom nobody has to be known for that.
#[tokio::test]
async fn the_sessions_of_all_are_expected_before_the_first_is_looked_at() {
    let store = Watched::new();
    let built = built_over(Arc::clone(&store) as Arc<dyn Store>, 1, "");
    let desk = built.front.portal.desk();
    let located = desk.sites.find("s0.apps.example.com").expect("the site");
    let key = &desk.gate.keys().token;
    let bearer = format!("Bearer {PREFIX}{}", *Token::<Service>::mint(key, [1; 32]).reveal());
    let script = head(header::AUTHORIZATION, bearer);
    let [ann, bob] = [2, 3].map(|number| {
        let token = Token::<Session>::mint(key, [number; 32]).reveal();
        head(header::COOKIE, format!("__Host-linkgate-session={}", *token))
    });
    store.calls();
    let found = tokio::join!(
        biased;
        identify(desk, &script, &located),
        identify(desk, &ann, &located),
        identify(desk, &bob, &located),
    );
    assert!(found.0.is_err() && found.1.is_ok() && found.2.is_ok(), "{found:?}");
    let calls = ["expect_session", "expect_session", "token", "session", "session"];
    assert_eq!(store.calls(), calls);
}
