//! `linkgate mail doctor`: zones, and what it says about them.

use crate::mail_test::{configured, linkgate};
use crate::support::certificates::Certificates;
use crate::support::dns::{Fault, NameServer, Zone};
use crate::support::gate::free_port;
use crate::support::smtp::{Protection, Relay, Script};

const RSA_512: &str = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAMB07fdTXWpWGlEZrwn3sfWz1AdiUlv/02RohDTtYkc8qA+7xXAkgzsxbMciuhVJqA2S3473qz4aGjhpv+oRLx0CAwEAAQ==";
const RSA_1024: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDE6/NAHK23CCW5m0N/LRDm\
    bh0MctcbBWbqJYztdqXFh1PEAYBvNGbXGlpmQNww3YWLXVVBY39xlCux2EbqKNyi7qRMdqlvcyf0oIjL\
    X2e6/OTggdt0pXbYj121UJ7N3S6uFnE7cy7mpBij8O5rWq9+T0xn0j81c2tYV1FgvtuY+wIDAQAB";
const RSA_2048: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArswIjHlKMgBZkO8O\
    Z98x+SOXHGOsvohvaYmQzYSjuaGZW2APnpM+WhjqvcrApb8NCv9DoqGUqlrsF5wE3iQoQqAPz1qprcwd\
    fpBzfwsHtdySwLdCC/a0sLkmqA4B9BWwNznfgV6T6LMUMZ3FKUC4y2pqPzkxRHPlefjKqcbla3/4kpn0\
    VRqP0LC7w3/xbq82FrOHPJL0duehoAUB0gJs07PxcV/YTYCIsMxB8Fvyu/xhpg9J+OOU+ZqF+xRe1lGM\
    kjX/kcY314Z7nz6oWn/JasUkcqn3yM2pzsP31F/STRsGgy+47dmX6+XKLdh6oc9rBqkDAn9iHMMfNAwH\
    Lfem/wIDAQAB";

/// Everything as it should be, for mail that leaves from 192.0.2.25.
const GOOD: &str = "sender.example TXT v=spf1 ip4:192.0.2.0/24 -all
    sender.example MX 10 mx.sender.example
    mx.sender.example A 192.0.2.25
    25.2.0.192.in-addr.arpa PTR mx.sender.example
    s1._domainkey.sender.example TXT v=DKIM1; k=rsa; p=RSA
    _dmarc.sender.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@sender.example";

fn good() -> String {
    GOOD.replace("p=RSA", &format!("p={RSA_2048}"))
}

/// The good zone without the records of a name and type, and with others.
fn with(name_and_type: &str, more: &str) -> String {
    let kept = good();
    let kept = kept.lines().filter(|line| !line.trim().starts_with(name_and_type));
    format!("{}\n{more}", kept.collect::<Vec<_>>().join("\n"))
}

/// What the doctor says about a zone, to a relay that is not protected.
async fn doctor(zone: Zone, more: &[&str]) -> (Option<i32>, String) {
    let server = NameServer::start(zone).await;
    let relay = Relay::start(Script::default()).await;
    let folder = configured("localhost", relay.port(), ", tls: none", None);
    let address = server.address();
    let mut line = vec!["mail", "doctor", "-c", "a.yaml", "--resolver", &address];
    line.extend(["--sending-ip", "192.0.2.25", "--selector", "s1"]);
    line.extend(more);
    let (code, told) = linkgate(&folder, &line).await;
    assert!(relay.messages().is_empty());
    (code, told.replace(&relay.port().to_string(), "PORT"))
}

#[tokio::test]
async fn all_is_well() {
    let (code, told) = doctor(Zone::of(&good()), &[]).await;
    assert_eq!(code, Some(0), "{told}");
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn nothing_is_there() {
    let (code, told) = doctor(Zone::of("other.example A 192.0.2.1"), &[]).await;
    assert_eq!(code, Some(1), "{told}");
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn programs_read_it() {
    let zone = Zone::of(&with("_dmarc.sender.example TXT", ""));
    let (code, told) = doctor(zone, &["--json"]).await;
    assert_eq!(code, Some(1), "{told}");
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["verdict"], "missing");
    let findings = told["groups"][0]["findings"].as_array().expect("findings");
    let dmarc = findings.iter().find(|it| it["about"] == "DMARC").expect("one about DMARC");
    assert_eq!(dmarc["verdict"], "missing");
    let line = dmarc["records"][0].as_str().unwrap_or_default();
    assert!(line.starts_with("_dmarc.sender.example. 3600 IN TXT \"v=DMARC1; p=none"), "{line}");
}

/// A zone, what is said about it, the verdict, and the exit code.
type Case = (String, &'static str, &'static str, i32);

fn spf_cases() -> Vec<Case> {
    let spf = |more: &str| with("sender.example TXT", more);
    let many: String = (0..11)
        .map(|n| format!("i{n}.example TXT v=spf1 -all\n"))
        .chain(["sender.example TXT v=spf1".to_owned()])
        .chain((0..11).map(|n| format!(" include:i{n}.example")))
        .chain([" ip4:192.0.2.0/24 -all".to_owned()])
        .collect();
    vec![
        (spf(""), "missing  SPF: sender.example has no record", "v=spf1 ip4:192.0.2.25 ~all", 1),
        (
            spf("sender.example TXT v=spf1 mx -all\nsender.example TXT v=spf1 a ~all"),
            "wrong    SPF: sender.example has 2 records",
            "\"v=spf1 mx a ip4:192.0.2.25 ~all\"",
            1,
        ),
        (spf(&many), "wrong    SPF: sender.example: a receiver must look up 11 names", "10", 1),
        (
            spf("sender.example TXT v=spf1 +all"),
            "wrong    SPF: sender.example: \"v=spf1 +all\"",
            "lets everybody send",
            1,
        ),
        (
            spf("sender.example TXT v=spf1 ip4:192.0.2.25"),
            "warning  SPF: sender.example: \"v=spf1 ip4:192.0.2.25\"",
            "everybody else",
            0,
        ),
        (
            spf("sender.example TXT v=spf1 ip4:203.0.113.7 -all"),
            "wrong    SPF: 192.0.2.25 may not send (-all)",
            "\"v=spf1 ip4:203.0.113.7 ip4:192.0.2.25 -all\"",
            1,
        ),
        (
            spf("sender.example TXT v=spf1 ipv4:192.0.2.25 -all"),
            "wrong    SPF: sender.example: `ipv4:192.0.2.25` means nothing",
            "broken",
            1,
        ),
    ]
}

fn spf_cases_of_other_domains() -> Vec<Case> {
    let spf = |more: &str| with("sender.example TXT", more);
    vec![
        (
            spf("sender.example TXT v=spf1 include:gone.example -all"),
            "wrong    SPF: sender.example: takes in gone.example, which has no SPF record",
            "broken",
            1,
        ),
        (
            spf("sender.example TXT v=spf1 include:b.example -all\n\
                 b.example TXT v=spf1 include:sender.example -all"),
            "wrong    SPF: b.example: leads back to sender.example",
            "broken",
            1,
        ),
        (
            spf("sender.example TXT v=spf1 redirect=b.example\n\
                 b.example TXT v=spf1 include:c.example ~all\n\
                 c.example TXT v=spf1 mx:sender.example -all"),
            "ok       SPF: 192.0.2.25 may send (include:c.example)",
            "(3 of 10 lookups)",
            0,
        ),
        (
            spf("sender.example TXT v=spf1 exists:%{ir}.ok.%{d} -all\n\
                 25.2.0.192.ok.sender.example A 127.0.0.2"),
            "ok       SPF: 192.0.2.25 may send (exists:%{ir}.ok.%{d})",
            "(1 of 10 lookups)",
            0,
        ),
        (
            spf(
                "sender.example TXT v=spf1 a:x.example a:y.example a:z.example ip4:192.0.2.25 -all",
            ),
            "warning  SPF: sender.example:",
            "names hosts that are not there",
            0,
        ),
    ]
}

fn dkim_cases() -> Vec<Case> {
    let dkim = |more: &str| with("s1._domainkey", more);
    let at = |text: &str| dkim(&format!("s1._domainkey.sender.example TXT {text}"));
    vec![
        (dkim(""), "missing  DKIM: s1._domainkey.sender.example: no record", "provider", 1),
        (at("v=DKIM1; p="), "wrong    DKIM: s1._domainkey.sender.example: the key is rev", "", 1),
        (at("v=DKIM1; p=AAAA"), "wrong    DKIM: s1._domainkey.sender.example: the key is d", "", 1),
        (
            at(&format!("p={RSA_512}")),
            "wrong    DKIM: s1._domainkey.sender.example: RSA, 512",
            "",
            1,
        ),
        (
            at(&format!("p={RSA_1024}")),
            "warning  DKIM: s1._domainkey.sender.example: RSA, 1024 bits",
            "2048",
            0,
        ),
        (
            at(&format!("t=y; p={RSA_2048}")),
            "warning  DKIM: s1._domainkey.sender.example: RSA, 2048 bits",
            "a test (`t=y`)",
            0,
        ),
        (
            dkim(&format!(
                "s1._domainkey.sender.example CNAME s1.keys.example\n\
                 s1.keys.example TXT v=DKIM1; p={RSA_2048}"
            )),
            "ok       DKIM: s1._domainkey.sender.example: RSA, 2048 bits",
            "ok       alignment: signatures of sender.example",
            0,
        ),
    ]
}

fn other_cases() -> Vec<Case> {
    let dmarc = |more: &str| with("_dmarc.sender.example TXT", more);
    let mx = |more: &str| with("sender.example MX", more);
    let ptr = |more: &str| with("25.2.0.192.in-addr.arpa PTR", more);
    vec![
        (dmarc(""), "missing  DMARC: no record at _dmarc.sender.example", "p=none; rua=", 1),
        (
            dmarc("_dmarc.sender.example TXT v=DMARC1; p=none"),
            "warning  DMARC: _dmarc.sender.example: \"v=DMARC1; p=none\"",
            "rua=mailto:ADDRESS",
            0,
        ),
        (
            dmarc("_dmarc.sender.example TXT v=DMARC1; p=strict"),
            "wrong    DMARC: _dmarc.sender.example: \"v=DMARC1; p=strict\" `p=strict` is no policy",
            "",
            1,
        ),
        (
            dmarc(
                "_dmarc.sender.example TXT v=DMARC1; p=none\n\
                 _dmarc.sender.example TXT v=DMARC1; p=reject",
            ),
            "wrong    DMARC: _dmarc.sender.example has 2 records",
            "leave one",
            1,
        ),
        (
            dmarc("_dmarc.sender.example TXT v=DMARC1; p=reject; rua=mailto:a@reports.example"),
            "warning  DMARC: reports.example has not agreed",
            "sender.example._report._dmarc.reports.example. 3600 IN TXT \"v=DMARC1\"",
            0,
        ),
        (mx(""), "missing  MX: sender.example has no MX record, and no address", "IN MX 10", 1),
        (mx("sender.example MX 0 ."), "warning  MX: sender.example says that it takes no", "", 0),
        (mx("sender.example MX 5 gone.example"), "wrong    MX: no address: gone.example", "", 1),
        (
            mx("sender.example MX 5 mx.sender.example\nsender.example MX 6 gone.example"),
            "warning  MX: no address: gone.example",
            "",
            0,
        ),
        (
            ptr(""),
            "missing  PTR: 192.0.2.25 has no name",
            "25.2.0.192.in-addr.arpa. 3600 IN PTR",
            1,
        ),
        (
            ptr("25.2.0.192.in-addr.arpa PTR host.example\nhost.example A 192.0.2.99"),
            "wrong    PTR: 192.0.2.25 is host.example, which has other addresses",
            "host.example. 3600 IN A 192.0.2.25",
            1,
        ),
    ]
}

#[tokio::test]
async fn zones_and_what_is_said_about_them() {
    for (zone, verdict, more, code) in
        [spf_cases(), spf_cases_of_other_domains(), dkim_cases(), other_cases()].concat()
    {
        let (ended, told) = doctor(Zone::of(&zone), &[]).await;
        assert!(told.contains(verdict), "{verdict:?} is not in {told}\n{zone}");
        assert!(told.contains(more), "{more:?} is not in {told}\n{zone}");
        assert_eq!(ended, Some(code), "{verdict}: {told}");
    }
}

#[tokio::test]
async fn a_server_that_cannot_tell_or_is_silent_is_told_apart_from_nothing() {
    for (name, fault, said) in [
        ("sender.example", Fault::ServFail, "unknown  SPF: sender.example: the DNS answers Server"),
        (
            "_dmarc.sender.example",
            Fault::Silent,
            "unknown  DMARC: _dmarc.sender.example: the DNS d",
        ),
        ("25.2.0.192.in-addr.arpa", Fault::ServFail, "unknown  PTR: 25.2.0.192.in-addr.arpa: the"),
    ] {
        let (code, told) = doctor(Zone::of(&good()).with(name, fault), &[]).await;
        assert!(told.contains(said), "{said:?} is not in {told}");
        assert_eq!(code, Some(1), "{told}");
    }
}

#[tokio::test]
async fn what_does_not_fit_into_a_datagram_is_asked_by_tcp() {
    let zone = Zone::of(&good()).with("s1._domainkey.sender.example", Fault::TooLong);
    let server = NameServer::start(zone).await;
    let folder = configured("localhost", free_port(), ", tls: none", None);
    let address = server.address();
    let line = ["mail", "doctor", "-c", "a.yaml", "--resolver", &address, "--selector", "s1"];
    let (_, told) = linkgate(&folder, &line).await;
    assert!(told.contains("ok       DKIM: s1._domainkey.sender.example: RSA, 2048"), "{told}");
    assert!(server.by_tcp() > 0);
}

#[tokio::test]
async fn no_dns_is_said_at_once_and_is_no_verdict() {
    let silent = NameServer::start(Zone::of("").with("", Fault::Silent)).await;
    let folder = configured("localhost", free_port(), ", tls: none", None);
    let nobody = format!("127.0.0.1:{}", free_port());
    for address in [silent.address(), nobody] {
        let line = ["mail", "doctor", "-c", "a.yaml", "--resolver", &address];
        let (code, told) = linkgate(&folder, &line).await;
        assert_eq!(code, Some(1), "{told}");
        let said =
            "linkgate: the DNS does not answer; name a server that does: --resolver 9.9.9.9\n";
        assert_eq!(told, said);
    }
}

#[tokio::test]
async fn the_relays_tls_is_looked_at_without_a_login() {
    let certificates = Certificates::new();
    let others = Certificates::new();
    let server = NameServer::start(Zone::of(&good())).await;
    for (authority, said, code) in [
        (&certificates, "ok       TLS: TLS 1.3, STARTTLS, CN=", 0),
        (&others, "wrong    TLS: invalid peer certificate: BadSignature; shown: CN=", 1),
    ] {
        let mut script = Script::with_login("gate", "pass word");
        script.protection = Protection::StartTls(certificates.acceptor(&[]));
        let relay = Relay::start(script).await;
        let login = ", username: gate, password: { env: LINKGATE_TEST_SMTP }";
        let folder = configured("localhost", relay.port(), login, Some(authority));
        let address = server.address();
        let mut line = vec!["mail", "doctor", "-c", "a.yaml", "--resolver", &address];
        line.extend(["--sending-ip", "192.0.2.25", "--selector", "s1"]);
        let (ended, told) = linkgate(&folder, &line).await;
        assert!(told.contains(said), "{said:?} is not in {told}");
        assert_eq!(ended, Some(code), "{told}");
        let commands = relay.commands();
        assert!(commands.iter().all(|it| !it.starts_with("AUTH")), "{commands:?}");
    }
}
