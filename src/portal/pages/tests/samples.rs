//! One value of every page and state.

use super::super::last_resort::LastResort;
use super::super::link::*;
use super::super::local::*;
use super::super::notice::*;
use super::super::session::*;
use super::super::sign_in::*;
use super::super::{AddressProblem, Html, Page, Pages, Site};
use crate::domain::time::UnixMillis;

/// Markup, quotes of both kinds and an entity, for every text field.
pub(super) const NASTY: &str = "\"'><b></title><script>alert(1)</script>&amp;";

pub(super) type Named = (String, Html);

struct Words<'a> {
    site: Site<'a>,
    email: &'a str,
    other: &'a str,
    destination: &'a str,
    return_to: &'a str,
    browser: &'a str,
    token: &'a str,
    reference: &'a str,
}

const GOOD: Words<'static> = Words {
    site: Site { name: "Staging", host: "staging.example.com" },
    email: "alice@example.com",
    other: "Staging Sign-in <auth@mail.example.com>",
    destination: "staging.example.com/reports/42?tab=x",
    return_to: "/reports/42?tab=x&y=1",
    browser: "Firefox on Windows",
    token: "Zm9vYmFy",
    reference: "7f3a-91c2",
};

const BAD: Words<'static> = Words {
    site: Site { name: NASTY, host: NASTY },
    email: NASTY,
    other: NASTY,
    destination: NASTY,
    return_to: NASTY,
    browser: NASTY,
    token: NASTY,
    reference: NASTY,
};

const NOW: UnixMillis = at(0);

const fn at(seconds: u64) -> UnixMillis {
    UnixMillis(1_795_356_180_000 + seconds * 1000)
}

/// Every page and state, with ordinary values.
pub(super) fn samples(pages: &Pages) -> Vec<Named> {
    let last: &LastResort = pages.last_resort();
    let mut all = of(&GOOD, pages);
    all.push(("last_resort_store_down".to_owned(), last.store_down(GOOD.reference)));
    all.push(("last_resort_internal".to_owned(), last.internal(GOOD.reference)));
    all
}

/// The same with hostile values.
pub(super) fn hostile(pages: &Pages) -> Vec<Named> {
    of(&BAD, pages)
}

fn of(words: &Words<'_>, pages: &Pages) -> Vec<Named> {
    let mut all = Vec::new();
    sign_in(words, pages, &mut all);
    check_mail(words, pages, &mut all);
    ended(words, pages, &mut all);
    links(words, pages, &mut all);
    sessions(words, pages, &mut all);
    notices(words, pages, &mut all);
    local(words, pages, &mut all);
    all
}

fn add(all: &mut Vec<Named>, name: &str, html: Html) {
    all.push((name.to_owned(), html));
}

fn sign_in(words: &Words<'_>, pages: &Pages, all: &mut Vec<Named>) {
    let plain = SignIn {
        site: words.site,
        destination: words.destination,
        return_to: words.return_to,
        fragment: "",
        email: "",
        error: None,
        notices: &[],
    };
    add(all, "sign_in", plain.render(pages));
    for (name, problem) in [
        ("missing", AddressProblem::Missing),
        ("malformed", AddressProblem::Malformed),
        ("several", AddressProblem::Several),
        ("unsupported", AddressProblem::Unsupported),
        ("too_long", AddressProblem::TooLong),
    ] {
        let page = SignIn {
            email: words.email,
            fragment: words.token,
            error: Some(problem),
            ..plain.clone()
        };
        add(all, &format!("sign_in_{name}"), page.render(pages));
    }
    for (name, notice) in [
        ("session_ended", SignInNotice::SessionEnded),
        ("form_not_sent", SignInNotice::FormNotSent),
        ("confirm_again", SignInNotice::ConfirmAgain),
        ("other_address", SignInNotice::OtherAddress),
        ("mail_delayed", SignInNotice::MailDelayed { since: at(0) }),
    ] {
        let page = SignIn { email: words.email, notices: &[notice], ..plain.clone() };
        add(all, &format!("sign_in_{name}"), page.render(pages));
    }
}

fn check_mail(words: &Words<'_>, pages: &Pages, all: &mut Vec<Named>) {
    let plain = CheckMail {
        site: words.site,
        email: words.email,
        sender: words.other,
        subject: words.other,
        now: at(2),
        sent_at: NOW,
        works_until: at(900),
        resend_at: Some(at(30)),
        delivery: Delivery::Queued,
        code_error: None,
        notice: None,
        mailbox: None,
        return_to: words.return_to,
    };
    let subject = "Sign in to staging.example.com (14:03 UTC)";
    let shown = CheckMail { subject, ..plain.clone() };
    add(all, "check_mail", shown.render(pages));
    let ready = CheckMail {
        now: at(60),
        delivery: Delivery::HandedOver { at: at(12) },
        mailbox: Mailbox::of("alice@gmail.com"),
        ..plain.clone()
    };
    add(all, "check_mail_ready", ready.render(pages));
    let again = CheckMail {
        notice: Some(CheckMailNotice::SentAgain),
        resend_at: None,
        delivery: Delivery::Slow,
        ..plain.clone()
    };
    add(all, "check_mail_sent_again", again.render(pages));
    let not_yet = CheckMail { notice: Some(CheckMailNotice::NotYet), ..plain.clone() };
    add(all, "check_mail_not_yet", not_yet.render(pages));
    for (name, problem) in [
        ("missing", CodeProblem::Missing),
        ("malformed", CodeProblem::Malformed),
        ("wrong", CodeProblem::Wrong { tries_left: 3 }),
        ("wrong_last", CodeProblem::Wrong { tries_left: 1 }),
    ] {
        let page = CheckMail { code_error: Some(problem), ..plain.clone() };
        add(all, &format!("check_mail_code_{name}"), page.render(pages));
    }
}

fn ended(words: &Words<'_>, pages: &Pages, all: &mut Vec<Named>) {
    let Words { site, email, return_to, reference, .. } = *words;
    for (name, code_refused) in [("request_ended", false), ("request_ended_by_code", true)] {
        let page = RequestEnded { site, email, ended_at: NOW, code_refused, return_to };
        add(all, name, page.render(pages));
    }
    for (name, link_still_works) in [("code_used_up", false), ("code_used_up_with_link", true)] {
        let page = CodeUsedUp { site, email, link_still_works, reference };
        add(all, name, page.render(pages));
    }
    for (name, seconds, mail_pending) in
        [("rate_limited", 240, false), ("rate_limited_mail_pending", 30, true)]
    {
        let until = at(seconds);
        let page = RateLimited { site, now: NOW, until, mail_pending, return_to, reference };
        add(all, name, page.render(pages));
    }
}

fn links(words: &Words<'_>, pages: &Pages, all: &mut Vec<Named>) {
    let Words { site, email, browser, token, reference, .. } = *words;
    let typed =
        |error| ElsewhereMode::Address { email: if error { email } else { "" }, error: None };
    let wrong = |problem| ElsewhereMode::Address { email, error: Some(problem) };
    for (name, mode, in_app) in [
        ("link_elsewhere", typed(false), false),
        ("link_elsewhere_in_app", typed(true), true),
        ("link_elsewhere_mismatch", wrong(AddressProblem::Mismatch), false),
        ("link_elsewhere_malformed", wrong(AddressProblem::Malformed), false),
        ("link_elsewhere_button", ElsewhereMode::Button, false),
        ("link_elsewhere_code_only", ElsewhereMode::CodeOnly, false),
    ] {
        let (requested_at, works_until) = (NOW, at(900));
        let page = LinkElsewhere { site, token, requested_at, works_until, browser, mode, in_app };
        add(all, name, page.render(pages));
    }
    let masked = if token == NASTY { NASTY } else { "a***@example.com" };
    for (name, cause) in [
        ("link_gone_expired", Gone::Expired { at: NOW }),
        ("link_gone_used", Gone::Used { at: NOW }),
        ("link_gone_replaced", Gone::Replaced { at: NOW }),
    ] {
        let page = LinkGone { site, cause, masked, token, reference };
        add(all, name, page.render(pages));
    }
    add(all, "link_unknown", LinkUnknown { site, reference }.render(pages));
    for (name, email, error) in
        [("report", "", None), ("report_mismatch", email, Some(AddressProblem::Mismatch))]
    {
        let page = Report { site, token, requested_at: NOW, browser, email, error };
        add(all, name, page.render(pages));
    }
    add(all, "report_done", ReportDone { site }.render(pages));
}

fn sessions(words: &Words<'_>, pages: &Pages, all: &mut Vec<Named>) {
    let Words { site, email, destination, return_to, browser, reference, .. } = *words;
    add(all, "sign_out", SignOut { site, email: Some(email) }.render(pages));
    add(all, "sign_out_nobody", SignOut { site, email: None }.render(pages));
    for (name, everywhere) in [("signed_out", false), ("signed_out_everywhere", true)] {
        add(all, name, SignedOut { site, everywhere }.render(pages));
    }
    let others = [
        SiteLink { name: site.name, url: "https://wiki.example.com" },
        SiteLink { name: "Reports", url: "https://reports.example.com" },
    ];
    for (name, sites) in [("forbidden", &others[..0]), ("forbidden_with_sites", &others[..])] {
        let page = Forbidden { site, email, destination, return_to, sites, reference };
        add(all, name, page.render(pages));
    }
    let groups = &["admins", browser];
    let sessions = [true, false].map(|this| AccountSession {
        handle: "0123456789abcdef0123456789abcdef",
        browser,
        host: site.host,
        network: "203.0.113.9",
        signed_in_at: NOW,
        last_seen: NOW,
        this,
    });
    let account = Account {
        site,
        email,
        groups,
        signed_in_at: NOW,
        expires_at: at(604_800),
        sessions: &sessions,
        ended: Some(AccountEnded::Others),
    };
    add(all, "account", account.render(pages));
}

fn notices(words: &Words<'_>, pages: &Pages, all: &mut Vec<Named>) {
    for kind in NoticeKind::ALL {
        let site = (kind != NoticeKind::Misdirected).then_some(words.site);
        let page = Notice { kind, site, reference: words.reference, at: NOW };
        let name = serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned();
        add(all, &name, page.render(pages));
    }
}

fn local(words: &Words<'_>, pages: &Pages, all: &mut Vec<Named>) {
    let entry = InboxEntry {
        url: "/mails/2",
        subject: "Sign in to staging.example.com (14:03 UTC)",
        to: words.email,
        at: at(5),
        open: true,
    };
    let mails = [entry.clone(), InboxEntry { url: "/mails/1", at: NOW, open: false, ..entry }];
    let shown = ShownMail {
        subject: "Sign in to staging.example.com (14:03 UTC)",
        from: words.other,
        to: words.email,
        at: at(5),
        html_url: "/mails/2/html",
        text: words.browser,
        eml_url: "/mails/2.eml",
    };
    add(all, "inbox", Inbox { mails: &mails, shown: Some(shown) }.render(pages));
    if words.token != NASTY {
        add(all, "inbox_empty", Inbox { mails: &[], shown: None }.render(pages));
    }
    let headers = [("Remote-User", words.email), ("X-Request-Id", words.reference)];
    for (name, email) in [("demo_app", Some(words.email)), ("demo_app_public", None)] {
        let page = DemoApp { method: "GET", path: words.destination, email, headers: &headers };
        add(all, name, page.render(pages));
    }
}
