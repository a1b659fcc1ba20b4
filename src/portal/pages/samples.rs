//! One value of every page and every state of it.
//!
//! Operators may put templates of their own in place of ours. At the start all of these are
//! rendered with them, so that a mistake shows then and not when somebody first meets a rare page.
//! The tests of the pages use the same list: a state that is not here is checked nowhere.

mod passwords;
mod words;

use super::link::{ElsewhereMode, Gone, LinkElsewhere, LinkGone, LinkUnknown, Report, ReportDone};
use super::local::{DemoApp, Inbox, InboxEntry, ShownMail};
use super::notice::{Notice, NoticeKind};
use super::session::{
    Account, AccountEnded, AccountPassword, AccountSession, Forbidden, SignOut, SignedIn,
    SignedOut, SiteLink, Welcome,
};
use super::sign_in::{
    Again, CheckMail, CheckMailNotice, CodeProblem, CodeUsedUp, Delivery, Mailbox,
    NewPasswordField, RateLimited, RequestEnded, SignIn, SignInNotice,
};
use super::{AddressProblem, Page, Site};
use crate::domain::email::EmailAddress;
use crate::domain::time::UnixMillis;
#[cfg(test)]
use words::HOSTILE;
#[cfg(test)]
pub(super) use words::NASTY;
use words::{ORDINARY, Words};

/// Takes the samples, one after the other.
pub(crate) trait Viewer {
    /// One page in one state. `name` is its own: `check_mail_code_wrong`.
    fn view<P: Page>(&mut self, name: &str, page: &P);
}

/// Every page and state, with ordinary values.
pub(crate) fn show_all(viewer: &mut impl Viewer) {
    show(&ORDINARY, viewer);
}

/// What is another for each site; the rest of the samples is alike everywhere.
pub(crate) struct Scene<'a> {
    /// The site.
    pub site: Site<'a>,
    /// The page that sign-in leads to, with its host.
    pub destination: &'a str,
    /// The sender of the mails.
    pub sender: &'a str,
    /// The subject of the sign-in mail, in the language of the page.
    pub subject: &'a str,
    /// The text part of that mail.
    pub mail_text: &'a str,
}

/// Every page and state, for one site.
pub(crate) fn show_scene(scene: &Scene<'_>, viewer: &mut impl Viewer) {
    let Scene { site, destination, sender, subject, mail_text } = *scene;
    show(&Words { site, destination, sender, subject, mail_text, ..ORDINARY }, viewer);
}

/// The same with hostile values in every text.
#[cfg(test)]
pub(super) fn show_hostile(viewer: &mut impl Viewer) {
    show(&HOSTILE, viewer);
}

const NOW: UnixMillis = at(0);

const fn at(seconds: u64) -> UnixMillis {
    UnixMillis(1_795_356_180_000 + seconds * 1000)
}

fn show(words: &Words<'_>, viewer: &mut impl Viewer) {
    sign_in(words, viewer);
    passwords::passwords(words, viewer);
    check_mail(words, viewer);
    codes(words, viewer);
    ended(words, viewer);
    elsewhere(words, viewer);
    links(words, viewer);
    sign_out(words, viewer);
    account(words, viewer);
    notices(words, viewer);
    inbox(words, viewer);
    demo_app(words, viewer);
}

fn sign_in(words: &Words<'_>, viewer: &mut impl Viewer) {
    let plain = SignIn {
        site: words.site,
        destination: words.destination,
        return_to: words.return_to,
        fragment: "",
        email: "",
        error: None,
        has_link: true,
        password: None,
        remember_offered: true,
        remembered: false,
        notices: &[],
        reference: None,
    };
    let known = SignIn { email: words.email, ..plain.clone() };
    viewer.view("sign_in", &plain);
    viewer.view("sign_in_remembered", &SignIn { remembered: true, ..known.clone() });
    let code = SignIn { has_link: false, remember_offered: false, ..plain };
    viewer.view("sign_in_code", &code);
    let problems = [
        ("missing", AddressProblem::Missing),
        ("malformed", AddressProblem::Malformed),
        ("several", AddressProblem::Several),
        ("unsupported", AddressProblem::Unsupported),
        ("too_long", AddressProblem::TooLong),
    ];
    for ((name, problem), email) in problems.into_iter().zip(words.typed) {
        let (fragment, error) = (words.token, Some(problem));
        let page = SignIn { email, fragment, error, ..known.clone() };
        viewer.view(&format!("sign_in_{name}"), &page);
    }
    for (name, notices) in [
        ("session_ended", &[SignInNotice::SessionEnded][..]),
        ("form_not_sent", &[SignInNotice::FormNotSent]),
        ("confirm_again", &[SignInNotice::ConfirmAgain]),
        ("other_address", &[SignInNotice::OtherAddress]),
        ("already", &[SignInNotice::AlreadySignedIn { email: words.email }]),
    ] {
        viewer.view(&format!("sign_in_{name}"), &SignIn { notices, ..known.clone() });
    }
    let reference = Some(words.reference);
    for (name, trouble) in [
        ("mail_delayed", SignInNotice::MailDelayed { since: NOW }),
        ("mail_down", SignInNotice::MailDown { since: NOW }),
    ] {
        let notices = &[trouble, SignInNotice::SessionEnded];
        let page = SignIn { notices, reference, ..known.clone() };
        viewer.view(&format!("sign_in_{name}"), &page);
    }
}

fn waiting<'a>(words: &Words<'a>) -> CheckMail<'a> {
    CheckMail {
        site: words.site,
        email: words.email,
        sender: words.sender,
        subject: words.subject,
        has_link: true,
        password: None,
        code: "",
        suggestion: None,
        now: at(2),
        sent_at: NOW,
        works_until: at(900),
        resend_at: Some(at(30)),
        delivery: Delivery::Queued,
        code_error: None,
        notice: None,
        mailbox: None,
        return_to: words.return_to,
        reference: None,
    }
}

fn check_mail(words: &Words<'_>, viewer: &mut impl Viewer) {
    let plain = waiting(words);
    viewer.view("check_mail", &plain);
    let parse = |text| EmailAddress::parse(text).ok();
    let mailbox = parse("alice@gmail.com").zip(parse("auth@mail.example.com"));
    let mailbox = mailbox.and_then(|(address, sender)| Mailbox::of(&address, &sender));
    viewer.view("check_mail_ready", &CheckMail { now: at(60), mailbox, ..plain.clone() });
    viewer.view("check_mail_code_alone", &CheckMail { has_link: false, ..plain.clone() });
    let (email, suggestion) = (words.mistyped, Some(words.email));
    viewer.view("check_mail_suggestion", &CheckMail { email, suggestion, ..plain.clone() });
    let delivery = Delivery::Delayed { since: NOW };
    let notice = Some(CheckMailNotice::SentAgain);
    let reference = Some(words.reference);
    let again = CheckMail { notice, delivery, reference, resend_at: None, ..plain.clone() };
    viewer.view("check_mail_sent_again", &again);
    let delivery = Delivery::Down { since: NOW };
    viewer.view("check_mail_down", &CheckMail { delivery, reference, ..plain.clone() });
    let notice = Some(CheckMailNotice::NotYet);
    viewer.view("check_mail_not_yet", &CheckMail { notice, ..plain });
}

fn codes(words: &Words<'_>, viewer: &mut impl Viewer) {
    for (name, problem) in [
        ("missing", CodeProblem::Missing),
        ("malformed", CodeProblem::Malformed),
        ("wrong", CodeProblem::Wrong { tries_left: 3 }),
        ("wrong_last", CodeProblem::Wrong { tries_left: 1 }),
    ] {
        let page = CheckMail { code_error: Some(problem), ..waiting(words) };
        viewer.view(&format!("check_mail_code_{name}"), &page);
    }
}

fn ended(words: &Words<'_>, viewer: &mut impl Viewer) {
    let Words { site, email, return_to, reference, .. } = *words;
    for (name, code_refused) in [("request_ended", false), ("request_ended_by_code", true)] {
        let page = RequestEnded { site, email, ended_at: NOW, code_refused, return_to, reference };
        viewer.view(name, &page);
    }
    for (name, link_still_works) in [("code_used_up", false), ("code_used_up_with_link", true)] {
        viewer.view(name, &CodeUsedUp { site, email, link_still_works, reference });
    }
    let (email, return_to) = (email.to_owned(), return_to.to_owned());
    let ask = Again::Ask { email, return_to, remember: true };
    let resend = |token: &str| Again::Resend { token: token.to_owned() };
    let page = Again::Page { path: "/.linkgate/link/Zm9vYmFy".to_owned() };
    for (name, seconds, mail_pending, again) in [
        ("rate_limited", 240, false, &ask),
        ("rate_limited_mail_pending", 30, true, &resend("")),
        ("rate_limited_fresh_link", 30, false, &resend(words.token)),
        ("rate_limited_page", 30, false, &page),
    ] {
        let until = at(seconds);
        let page = RateLimited { site, now: NOW, until, mail_pending, again, reference };
        viewer.view(name, &page);
    }
}

fn elsewhere(words: &Words<'_>, viewer: &mut impl Viewer) {
    let Words { site, email, browser, token, reference, .. } = *words;
    let address = |email, error| ElsewhereMode::Address { email, error };
    for (name, mode, in_app) in [
        ("link_elsewhere", address("", None), false),
        ("link_elsewhere_in_app", address("", None), true),
        ("link_elsewhere_mismatch", address(email, Some(AddressProblem::Mismatch)), false),
        (
            "link_elsewhere_malformed",
            address(words.typed[1], Some(AddressProblem::Malformed)),
            false,
        ),
        ("link_elsewhere_button", ElsewhereMode::Button, false),
        ("link_elsewhere_code_only", ElsewhereMode::CodeOnly, false),
        ("link_elsewhere_password", address("", None), false),
    ] {
        let (requested_at, works_until) = (NOW, at(900));
        let password = (name == "link_elsewhere_password")
            .then_some(NewPasswordField { least: 15, error: None });
        let page = LinkElsewhere {
            site,
            token,
            requested_at,
            works_until,
            browser,
            password,
            mode,
            in_app,
            reference,
        };
        viewer.view(name, &page);
    }
}

fn links(words: &Words<'_>, viewer: &mut impl Viewer) {
    let Words { site, email, masked, browser, token, reference, .. } = *words;
    for (name, cause) in [
        ("link_gone_expired", Gone::Expired { at: NOW }),
        ("link_gone_used", Gone::Used { at: NOW }),
        ("link_gone_replaced", Gone::Replaced { at: NOW }),
    ] {
        viewer.view(name, &LinkGone { site, cause, masked, token, reference });
    }
    viewer.view("link_unknown", &LinkUnknown { site, reference });
    for (name, email, error) in
        [("report", "", None), ("report_mismatch", email, Some(AddressProblem::Mismatch))]
    {
        viewer.view(name, &Report { site, token, requested_at: NOW, browser, email, error });
    }
    viewer.view("report_done", &ReportDone { site });
}

fn sign_out(words: &Words<'_>, viewer: &mut impl Viewer) {
    let Words { site, email, destination, return_to, reference, .. } = *words;
    viewer.view("signed_in", &SignedIn { site, destination, location: return_to });
    viewer.view("sign_out", &SignOut { site, email: Some(email) });
    viewer.view("sign_out_nobody", &SignOut { site, email: None });
    viewer.view("signed_out", &SignedOut { site, everywhere: false, reference });
    viewer.view("signed_out_everywhere", &SignedOut { site, everywhere: true, reference });
    for (name, typed, error) in [("welcome", "", false), ("welcome_problem", "Ann\tSmith", true)] {
        viewer.view(name, &Welcome { site, return_to, name: typed, error });
    }
    let others = [
        SiteLink { name: site.name, url: "https://wiki.example.com" },
        SiteLink { name: "Reports", url: "https://reports.example.com" },
    ];
    let ask = Some("mailto:help@example.com?subject=Access".to_owned());
    for (name, sites, ask) in
        [("forbidden", &others[..0], None), ("forbidden_with_sites", &others[..], ask)]
    {
        let page = Forbidden { site, email, destination, return_to, sites, ask, reference };
        viewer.view(name, &page);
    }
}

fn account(words: &Words<'_>, viewer: &mut impl Viewer) {
    let Words { site, email, browser, network, token, .. } = *words;
    let here = AccountSession {
        handle: token,
        browser,
        host: site.host,
        network,
        signed_in_at: NOW,
        last_seen: at(4000),
        this: true,
    };
    let other = AccountSession { browser: "Safari on iPhone", this: false, ..here };
    let third = AccountSession { last_seen: at(100), ..other };
    let all = [here, other, third];
    let groups = &["admins", site.name][..];
    let expires_at = at(604_800);
    for (name, groups, sessions, ended) in [
        ("account", groups, &all[..], None),
        ("account_part", &[][..], &all[..2], None),
        ("account_ended_one", groups, &all[..2], Some(AccountEnded::One)),
        ("account_ended_others", &[][..], &all[..1], Some(AccountEnded::Others)),
        ("account_password", &[][..], &all[..1], None),
        ("account_password_none", &[][..], &all[..1], Some(AccountEnded::Password)),
    ] {
        let (signed_in_at, is_part) = (NOW, name == "account_part");
        let set_at = (name == "account_password").then_some(NOW);
        let has_passwords = name.starts_with("account_password");
        let (site, password) =
            (Site { has_passwords, ..site }, has_passwords.then_some(AccountPassword { set_at }));
        let page = Account {
            site,
            email,
            groups,
            signed_in_at,
            expires_at,
            sessions,
            is_part,
            password,
            ended,
        };
        viewer.view(name, &page);
    }
}

fn notices(words: &Words<'_>, viewer: &mut impl Viewer) {
    for kind in NoticeKind::ALL {
        let site = (kind != NoticeKind::Misdirected).then_some(words.site);
        let name = format!("notice_{}", kind.key().replace('-', "_"));
        viewer.view(&name, &Notice { kind, site, reference: words.reference });
    }
}

fn inbox(words: &Words<'_>, viewer: &mut impl Viewer) {
    let Words { subject, email, sender, mail_text, .. } = *words;
    // Names of files beside this page, where it is written to a folder.
    let entry = InboxEntry { url: "inbox.html", subject, to: email, at: at(5), open: true };
    let older = InboxEntry { url: "inbox_list.html", at: NOW, open: false, ..entry.clone() };
    let mails = [entry, older];
    let shown = ShownMail {
        subject,
        from: sender,
        to: email,
        at: at(5),
        html_url: "mail_sign_in.html",
        text: mail_text,
        eml_url: "mail_sign_in.eml",
    };
    viewer.view("inbox", &Inbox { mails: &mails, shown: Some(shown) });
    let [first, second] = mails;
    let mails = [InboxEntry { open: false, ..first }, second];
    viewer.view("inbox_list", &Inbox { mails: &mails, shown: None });
    viewer.view("inbox_empty", &Inbox { mails: &[], shown: None });
}

fn demo_app(words: &Words<'_>, viewer: &mut impl Viewer) {
    let headers = [("remote-email", words.email), ("x-request-id", words.reference.id)];
    for (name, email) in [("demo_app", Some(words.email)), ("demo_app_public", None)] {
        let page = DemoApp { method: "GET", path: words.return_to, email, headers: &headers };
        viewer.view(name, &page);
    }
}
