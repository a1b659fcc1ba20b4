//! The JSON API: the same flow for programs.

use serde_json::json;

use super::{SESSION, signed_in_as};
use crate::support::stores::{Kind, over_every_store};

over_every_store!(a_program_signs_in_and_out);

async fn a_program_signs_in_and_out(kind: Kind) {
    let gate = kind.gate().await;
    let mut program = gate.browser();
    let none = program.send("GET", "/.linkgate/api/session", &[], None).await;
    assert_eq!((none.status, none.header("content-type")), (401, "application/problem+json"));
    let bad = program.json("POST", "/.linkgate/api/sign-in", &json!({ "email": "a@b, c@d" })).await;
    assert_eq!((bad.status, bad.header("content-type")), (422, "application/problem+json"));
    let ask = json!({ "email": "ann@example.com", "return_to": "/a?b" });
    let asked = program.json("POST", "/.linkgate/api/sign-in", &ask).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let expires_in = asked.json()["expires_in"].as_u64().expect("seconds");
    assert!((590..=600).contains(&expires_in));
    let mail = gate.mail("ann@example.com", 1).await;
    let wrong = if mail.code() == "BBBB-BBBB" { "CCCC-CCCC" } else { "BBBB-BBBB" };
    let verify = "/.linkgate/api/verify";
    for document in [
        json!({}),
        json!({ "token": "x", "code": "y" }),
        json!({ "token": "x" }),
        json!({ "code": wrong }),
        json!({ "code": 1 }),
        json!([]),
    ] {
        assert_eq!(program.json("POST", verify, &document).await.status, 422, "{document}");
    }
    let verified = program.json("POST", verify, &json!({ "code": mail.code() })).await;
    assert_eq!(verified.status, 200, "{}", verified.text());
    assert_eq!(verified.json()["email"], "ann@example.com");
    assert_eq!(verified.json()["return_to"], "/a?b");
    assert!(program.cookies.contains_key(SESSION));
    assert_eq!(signed_in_as(&gate, &mut program).await.as_deref(), Some("ann@example.com"));
    let session = program.send("GET", "/.linkgate/api/session", &[], None).await;
    assert_eq!(session.status, 200);
    assert_eq!(session.json()["email"], "ann@example.com");
    assert_eq!(session.json()["groups"], json!([]));
    let spent = program.json("POST", verify, &json!({ "code": mail.code() })).await;
    assert_eq!(spent.status, 410);
    let ended = program.json("DELETE", "/.linkgate/api/session", &json!({})).await;
    assert_eq!(ended.status, 204);
    assert_eq!(signed_in_as(&gate, &mut program).await, None);
    by_token(&gate, &mut program).await;
}

async fn by_token(
    gate: &crate::support::gate::Gate,
    program: &mut crate::support::client::Browser,
) {
    let ask = json!({ "email": "ann@example.com" });
    let verify = "/.linkgate/api/verify";
    assert_eq!(program.json("POST", "/.linkgate/api/sign-in", &ask).await.status, 202);
    let link = gate.mail("ann@example.com", 2).await.link();
    let token = link.rsplit('/').next().expect("a token");
    let mut other = gate.browser();
    for document in [json!({ "token": token }), json!({ "token": token, "email": "e@example.com" })]
    {
        assert_eq!(other.json("POST", verify, &document).await.status, 422);
    }
    let cross = [("Sec-Fetch-Site", "cross-site"), ("Content-Type", "application/json")];
    let body = json!({ "token": token }).to_string();
    assert_eq!(program.send("POST", verify, &cross, Some(body.as_bytes())).await.status, 403);
    assert_eq!(program.json("POST", verify, &json!({ "token": token })).await.status, 200);
    assert_eq!(other.json("POST", verify, &json!({ "token": token })).await.status, 410);
}
