//! The head of an answer on its way to the client by the long way: what belongs to the other connection
//! stays there. The shorter way has the same rules in `direct::answer`.

use http::{HeaderName, HeaderValue, StatusCode, header};
use pingora::http::ResponseHeader;

/// Takes out what belongs to the connection of the application (RFC 9110, 7.6.1). The framing is Pingora's.
pub(super) fn keep_to_its_hop(head: &mut ResponseHeader) {
    let named = head.headers.get_all(header::CONNECTION).iter();
    let named = named.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    let mut gone: Vec<HeaderName> =
        named.filter_map(|option| HeaderName::from_bytes(option.trim_ascii()).ok()).collect();
    gone.retain(|name| name != header::TRANSFER_ENCODING && name != header::CONTENT_LENGTH);
    // `te` says nothing in an answer, and HTTP/2 sends no head that has it.
    let always = ["keep-alive", "proxy-connection", "te", "upgrade"];
    for name in always.into_iter().chain(gone.iter().map(HeaderName::as_str)) {
        head.remove_header(name);
    }
    if head.status == StatusCode::NO_CONTENT {
        // Nobody is to wait for content that never comes (RFC 9110, 8.6).
        head.remove_header(&header::CONTENT_LENGTH);
    }
    say_length_once(head);
}

/// The same length may stand there more than once (RFC 9110, 8.6); clients that do not know are left in
/// no doubt. Pingora has compared them.
fn say_length_once(head: &mut ResponseHeader) {
    let mut lengths = head.headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(first) = lengths.next() else { return };
    if lengths.next().is_none() && !first.as_bytes().contains(&b',') {
        return;
    }
    let length = first.as_bytes().split(|byte| *byte == b',').next().unwrap_or_default();
    if let Ok(length) = HeaderValue::from_bytes(length.trim_ascii()) {
        // It takes the place of all of them, so there is one at last.
        let _ = head.insert_header(header::CONTENT_LENGTH, length);
    }
}
