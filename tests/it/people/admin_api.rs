//! Who may drive the admin API: no browser, whatever a website makes it send.

use crate::support::client::{Answer, raw};
use crate::support::gate::{Gate, Wishes};
use crate::support::stores::Kind;

const BODY: &str = r#"{"email":"ann@example.com"}"#;

async fn ask(gate: &Gate, line: &str, fields: &str, body: &str) -> Answer {
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{fields}\r\n{body}"
    );
    raw(gate.admin, request.as_bytes()).await
}

fn is_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["status"], status);
    assert_eq!(answer.all("access-control-allow-origin"), Vec::<&str>::new());
}

#[tokio::test]
async fn a_browser_on_the_same_machine_can_do_nothing() {
    let gate = Kind::memory().gate().await;
    let ours = format!("Host: {}\r\nX-Linkgate-Admin: 1\r\n", gate.admin);
    let json = "Content-Type: application/json\r\n";
    let suspend = "POST /api/accounts/suspend";
    for fields in [
        // A form of another website, and what its scripts can send without being asked.
        format!("Host: {}\r\n{json}", gate.admin),
        format!("Host: {}\r\nContent-Type: text/plain\r\n", gate.admin),
        format!("{ours}{json}Origin: http://evil.example\r\n"),
        format!("{ours}{json}Origin: http://{}\r\n", gate.admin),
        format!("{ours}{json}Sec-Fetch-Site: cross-site\r\n"),
        // A name that was rebound to this machine.
        format!("Host: evil.example:{}\r\nX-Linkgate-Admin: 1\r\n{json}", gate.admin.port()),
        format!("Host: evil.example\r\nX-Linkgate-Admin: 1\r\n{json}"),
    ] {
        is_problem(&ask(&gate, suspend, &fields, BODY).await, 403);
    }
    let preflight = format!(
        "Host: {}\r\nOrigin: http://evil.example\r\nAccess-Control-Request-Method: POST\r\n\
         Access-Control-Request-Headers: x-linkgate-admin\r\n",
        gate.admin
    );
    is_problem(&ask(&gate, "OPTIONS /api/accounts/suspend", &preflight, "").await, 403);
    is_problem(
        &ask(&gate, "GET /api/accounts", &format!("Host: {}\r\n", gate.admin), "").await,
        403,
    );
    let listed = ask(&gate, "GET /api/accounts", &ours, "").await;
    assert_eq!(listed.json()["accounts"], serde_json::json!([]), "nothing was done");
    // What is not refused for that reason is read strictly.
    is_problem(&ask(&gate, suspend, &ours, BODY).await, 415);
    let good = format!("{ours}{json}");
    for (body, status) in [
        ("", 400),
        ("[]", 400),
        (r#"{"email":"ann@example.com","more":1}"#, 400),
        (r#"{"email":"ann"}"#, 422),
        (r#"{"email":"Ann <ann@example.com>"}"#, 422),
    ] {
        is_problem(&ask(&gate, suspend, &good, body).await, status);
    }
    is_problem(&ask(&gate, "DELETE /api/accounts", &good, "").await, 405);
    is_problem(&ask(&gate, "GET /api/nothing", &good, "").await, 404);
    is_problem(&ask(&gate, "GET /api/accounts?after=x", &good, "").await, 422);
    assert_eq!(ask(&gate, suspend, &good, BODY).await.status, 201, "the checks above can fail");
    // Never on a public listener, and the health pages need none of this.
    let public =
        format!("GET /api/accounts HTTP/1.1\r\nHost: {}\r\nX-Linkgate-Admin: 1\r\n\r\n", gate.host);
    assert_eq!(raw(gate.address, public.as_bytes()).await.status, 401);
    assert_eq!(ask(&gate, "GET /healthz", "Host: x\r\n", "").await.status, 200);
}

#[tokio::test]
async fn keys_are_changed_by_a_whole_request_and_once_at_a_time() {
    let gate = Kind::memory().gate().await;
    let ours = format!("Host: {}\r\nX-Linkgate-Admin: 1\r\n", gate.admin);
    let json = "Content-Type: application/json\r\n";
    let good = format!("{ours}{json}");
    for (line, body, status) in [
        ("POST /api/keys/rotate", "", 400),
        ("POST /api/keys/rotate", r#"{"now":1}"#, 400),
        ("POST /api/keys/rotate", r#"{"now":false,"more":1}"#, 400),
        ("GET /api/keys/rotate", "", 405),
        ("POST /api/keys", "{}", 405),
    ] {
        is_problem(&ask(&gate, line, &good, body).await, status);
    }
    is_problem(&ask(&gate, "POST /api/keys/rotate", &ours, "{}").await, 415);
    let bare = format!("Host: {}\r\n{json}", gate.admin);
    is_problem(&ask(&gate, "POST /api/keys/rotate", &bare, "{}").await, 403);
    let keys = ask(&gate, "GET /api/keys", &ours, "").await.json()["keys"].clone();
    assert_eq!(keys.as_array().map(Vec::len), Some(2), "one generation: {keys}");
    assert_eq!(ask(&gate, "POST /api/keys/rotate", &good, "{}").await.status, 200);
    is_problem(&ask(&gate, "POST /api/keys/rotate", &good, "{}").await, 409);
}

#[tokio::test]
async fn with_a_token_nobody_on_the_machine_gets_in_without_it() {
    let environment = vec![("ADMIN".to_owned(), "0123456789abcdef0123456789abcdef".to_owned())];
    let mut wishes = Wishes { environment, ..Kind::embedded().wishes() };
    wishes.admin = ", token: { env: ADMIN }".into();
    let gate = Gate::with(wishes).await;
    let ours = format!("Host: {}\r\nX-Linkgate-Admin: 1\r\n", gate.admin);
    for bearer in ["", "Authorization: Bearer 0123456789abcdef0123456789abcdee\r\n"] {
        let refused = ask(&gate, "GET /api/accounts", &format!("{ours}{bearer}"), "").await;
        is_problem(&refused, 401);
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
    gate.operator(&["accounts", "add", "ann@example.com"]).done();
    assert_eq!(gate.operator(&["accounts", "list"]).done().lines().count(), 2);
}
