//! The mail as people and programs read it.

use super::*;

const AT: UnixMillis = UnixMillis(1_795_356_180_000);
const UNTIL: UnixMillis = UnixMillis(1_795_357_080_000);

fn sample() -> SignInMail<'static> {
    SignInMail {
        site_host: "staging.example.com",
        site_name: "Staging",
        link: "https://staging.example.com/.linkgate/link/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6",
        code: "WDJB-MJHT",
        valid_until: UNTIL,
        sent_at: AT,
        browser: "Firefox on Windows",
        client: "203.0.113.0/24",
        report_link: "https://staging.example.com/.linkgate/report/cmVwb3J0cmVwb3J0cmVwb3J0",
        return_short: "staging.example.com/reports/42?tab=x",
    }
}

fn render(mail: &SignInMail<'_>) -> RenderedMail {
    Mails::new().unwrap().sign_in(mail).unwrap()
}

#[test]
fn the_mail() {
    let mail = render(&sample());
    insta::assert_snapshot!("subject", mail.subject);
    insta::assert_snapshot!("text", mail.text);
    insta::assert_snapshot!("html", mail.html);
}

#[test]
fn link_and_code_stand_alone_on_their_lines() {
    let mail = sample();
    let text = render(&mail).text;
    let lines: Vec<&str> = text.lines().collect();
    for alone in [mail.link, mail.code, mail.report_link] {
        assert_eq!(lines.iter().filter(|line| line.contains(alone)).count(), 1);
        assert!(lines.contains(&alone), "{alone}");
    }
    let before = &text[..text.find(mail.code).unwrap()];
    assert!(before.trim_end().ends_with("code is"));
    assert!(before.lines().count() <= 12, "a code far down is not found by mail apps");
}

#[test]
fn nothing_else_has_the_shape_of_the_code() {
    let hostile = SignInMail {
        return_short: "staging.example.com/reports/20261122",
        browser: "WDJBMJHZ on 123456",
        client: "1234 5678",
        site_name: "BCDF-GHJK",
        ..sample()
    };
    for mail in [sample(), hostile] {
        let text = render(&mail).text;
        let rest: Vec<&str> =
            text.lines().filter(|line| *line != mail.code && !line.contains("https://")).collect();
        assert_eq!(rest.len(), text.lines().count() - 3);
        assert!(!has_code_shape(&rest.join("\n")), "{rest:?}");
    }
}

#[test]
fn a_fact_cannot_write_lines_or_markup() {
    let hostile = SignInMail {
        browser: "Firefox\r\n\r\nhttps://evil.example/\u{2028}<script>alert(1)</script>",
        return_short: "\"><img src=x onerror=alert(1)>",
        site_name: "<b>'Staging'</b>",
        client: "\0",
        ..sample()
    };
    let mail = render(&hostile);
    assert!(!mail.text.lines().any(|line| line.starts_with("https://evil.example")));
    assert!(!mail.text.contains("Network:"));
    for markup in ["<script", "<img", "<b>"] {
        assert!(!mail.html.contains(markup), "{markup}");
    }
}

#[test]
fn a_subject_is_one_line() {
    let line = subject("wiki.example.com\r\nBcc: all@example.com", AT);
    assert_eq!(line, "Sign in to wiki.example.comBcc: all@example.com (14:03 UTC)");
}

#[test]
fn the_preheader_holds_no_code_and_the_mail_is_small() {
    let mail = render(&sample());
    let start = mail.html.find("display:none").unwrap();
    let end = start + mail.html[start..].find("</div>").unwrap();
    assert!(!mail.html[start..end].contains("WDJB"));
    assert_eq!(mail.html.matches("WDJB-MJHT").count(), 1);
    assert!(mail.html.len() <= 20 * 1024, "{}", mail.html.len());
    assert!(!mail.html.contains("<img") && !mail.html.contains("url("));
    assert!(mail.text.is_ascii() && mail.text.lines().all(|line| line.len() <= 120));
}

#[test]
fn no_secret_in_debug() {
    let shown = format!("{:?}", sample());
    assert!(!shown.contains("WDJB") && !shown.contains("/link/") && !shown.contains("/report/"));
}

/// Links cannot be built for a site whose origin has a star.
#[test]
fn without_a_link_the_code_stands_alone() {
    let mail = render(&SignInMail { link: "", report_link: "", ..sample() });
    assert!(mail.text.contains("WDJB-MJHT") && mail.html.contains("WDJB-MJHT"));
    for part in [&mail.text, &mail.html] {
        assert!(!part.contains("this link") && !part.contains("end the request"), "{part}");
    }
    assert!(!mail.html.contains("href"), "{}", mail.html);
}
