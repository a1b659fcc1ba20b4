//! The mail as people and programs read it.

use super::code_shape::has_code_shape;
use super::*;
use crate::portal::brand::Brand;

const AT: UnixMillis = UnixMillis(1_795_356_180_000);

fn sample() -> SignInMail<'static> {
    samples::SIGN_IN
}

fn mails() -> Mails {
    Mails::new(Arc::new(Branding::built_in().unwrap())).unwrap()
}

fn render(mail: &SignInMail<'_>) -> RenderedMail {
    mails().sign_in(mail, Language::English).unwrap()
}

/// Every mail in every language.
fn all(mail: &SignInMail<'_>) -> Vec<(String, RenderedMail)> {
    let mails = mails();
    let mut all = Vec::new();
    for language in Language::ALL {
        all.push((format!("{language}_sign_in"), mails.sign_in(mail, language).unwrap()));
        let code_only = SignInMail { link: "", report_link: "", ..*mail };
        let name = format!("{language}_sign_in_code_only");
        all.push((name, mails.sign_in(&code_only, language).unwrap()));
        let password = SignInMail { chooses_password: true, ..*mail };
        let name = format!("{language}_new_password");
        all.push((name, mails.sign_in(&password, language).unwrap()));
        let code_only = SignInMail { chooses_password: true, ..code_only };
        let name = format!("{language}_new_password_code_only");
        all.push((name, mails.sign_in(&code_only, language).unwrap()));
        let name = format!("{language}_new_device");
        all.push((name, mails.new_device(&samples::NEW_DEVICE, language).unwrap()));
    }
    all
}

#[test]
fn every_mail_in_every_language() {
    for (name, mail) in all(&sample()) {
        insta::assert_snapshot!(
            format!("{name}_text"),
            format!("{}\n\n{}", mail.subject, mail.text)
        );
        insta::assert_snapshot!(format!("{name}_html"), mail.html);
    }
}

#[test]
fn link_and_code_stand_alone_on_their_lines() {
    let mail = sample();
    let last_words = ["code is", "Code lautet", "le code est", "El código es", "الرمز هو"];
    for (language, last_words) in Language::ALL.into_iter().zip(last_words) {
        let text = mails().sign_in(&mail, language).unwrap().text;
        let lines: Vec<&str> = text.lines().collect();
        for alone in [mail.link, mail.code, mail.report_link] {
            assert_eq!(lines.iter().filter(|line| line.contains(alone)).count(), 1);
            assert!(lines.contains(&alone), "{alone}");
        }
        let before = &text[..text.find(mail.code).unwrap()];
        let before = before.trim_end().trim_end_matches(':').trim_end().to_lowercase();
        assert!(before.ends_with(&last_words.to_lowercase()), "{language}: {before}");
        assert!(before.lines().count() <= 12, "a code far down is not found by mail apps");
    }
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
    for (name, mail) in all(&sample()).into_iter().chain(all(&hostile)) {
        let rest: Vec<&str> = mail
            .text
            .lines()
            .filter(|line| *line != sample().code && !line.contains("https://"))
            .collect();
        assert!(!has_code_shape(&rest.join("\n")), "{name}: {rest:?}");
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
    let phrases = Phrases::new(&[]).unwrap();
    let say = |language, host| subject(&phrases, language, host, AT, false);
    let line = say(Language::English, "wiki.example.com\r\nBcc: all@example.com");
    assert_eq!(line, "Sign in to wiki.example.comBcc: all@example.com (14:03 UTC)");
    for language in Language::ALL {
        let line = say(language, "wiki.example.com");
        assert!(line.contains("wiki.example.com") && line.contains("14:03 UTC"), "{line}");
    }
}

#[test]
fn the_preview_holds_no_code_and_mails_are_small() {
    for (name, mail) in all(&sample()) {
        let start = mail.html.find("display:none").unwrap();
        let end = start + mail.html[start..].find("</div>").unwrap();
        assert!(!mail.html[start..end].contains("WDJB"), "{name}");
        let codes = usize::from(!name.ends_with("new_device"));
        assert_eq!(mail.html.matches("WDJB-MJHT").count(), codes, "{name}");
        let whole = mail.html.len() + mail.text.len();
        assert!(whole <= 20 * 1024, "{name}: {whole}");
        assert!(!mail.html.contains("<img") && !mail.html.contains("url("), "{name}");
        assert!(!mail.html.contains("http://"), "{name}");
    }
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
        assert!(!part.contains("this link") && !part.contains("End the request"), "{part}");
    }
    assert!(!mail.html.contains("href"), "{}", mail.html);
}

/// Both parts lead to help; people read the address, programs the URL.
#[test]
fn help_stands_in_both_parts() {
    for (help, shown) in [
        ("mailto:help@example.com?subject=Sign-in", "help@example.com"),
        ("https://help.example.com/", "https://help.example.com/"),
    ] {
        let brand = Brand { help_url: Some(help.to_owned()), ..Brand::default() };
        let mails = Mails::new(Arc::new(Branding::read(brand, &[]).unwrap())).unwrap();
        for mail in [
            mails.sign_in(&sample(), Language::English).unwrap(),
            mails.new_device(&samples::NEW_DEVICE, Language::English).unwrap(),
        ] {
            assert!(mail.text.contains(&format!("Help: {shown}\n")), "{}", mail.text);
            assert!(mail.html.contains(&format!("href=\"{help}\"")), "{}", mail.html);
            assert!(mail.html.contains(&format!(">{shown}</a>")), "{}", mail.html);
        }
    }
}
