//! The path as a careless application reads it.
//!
//! Tomcat decodes and cuts `;parameters`, IIS takes `\` for `/` and ignores case, PHP behind a
//! rewriting server decodes twice. Whatever the proxy lets through without a session must not be a
//! guarded path to any of them.

/// All that such an application may make of a request target.
pub fn readings(target: &str) -> Vec<String> {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let mut all = vec![settle(path.as_bytes())];
    let mut decoded = path.as_bytes().to_vec();
    for _ in 0..2 {
        decoded = decode(&decoded);
        all.push(settle(&decoded));
        let cut = decoded.iter().position(|byte| *byte == 0).unwrap_or(decoded.len());
        all.push(settle(&decoded[..cut]));
    }
    all
}

/// Whether one of the readings is `/admin` or below it.
pub fn reaches_admin(target: &str) -> bool {
    readings(target).iter().any(|path| path == "/admin" || path.starts_with("/admin/"))
}

fn decode(bytes: &[u8]) -> Vec<u8> {
    percent_encoding::percent_decode(bytes).collect()
}

fn settle(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).to_ascii_lowercase().replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    for segment in text.split('/').map(|segment| segment.split(';').next().unwrap_or_default()) {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[test]
fn the_normaliser_sees_what_careless_applications_see() {
    for target in [
        "/admin",
        "/ADMIN/",
        "//admin",
        "/%61dmin",
        "/public/../admin",
        "/public/..%2fadmin?x",
        "/public/%252e%252e/admin",
        "/public\\..\\admin",
        "/public/..;x=1/admin",
        "/admin;a=b/x",
        "/admin%00.png",
        "/x/%2e%2e%5cadmin",
        "/./admin",
    ] {
        assert!(reaches_admin(target), "{target}");
    }
    for target in ["/public/x", "/administer", "/healthz?next=/admin", "/public/admin", "/x#/admin"]
    {
        assert!(!reaches_admin(target), "{target}");
    }
}
