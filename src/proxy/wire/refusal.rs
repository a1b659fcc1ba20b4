//! The short answer to a connection that gets no further.

use std::time::Duration;

use pingora::protocols::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::fault::WireFault;
use crate::portal::security::strictest_lines;

/// How long, in all, the answer may take to be written and the client to stop sending.
const LINGER: Duration = Duration::from_secs(2);
/// How much of what the client still sends is read and dropped.
const DRAIN: usize = 256 * 1024;

/// Answers with problem details (RFC 9457) and ends the connection.
///
/// Closing with unread bytes makes the kernel send a reset, which can take the answer away from
/// the client before it has read it (RFC 9112 section 9.6), so a bounded amount is read first.
pub(super) async fn refuse(stream: &mut Stream, fault: WireFault, reference: &str, body: bool) {
    let answer = answer(fault, reference, body);
    let exchange = async {
        if !send(stream, &answer).await {
            return;
        }
        let (mut sink, mut left) = ([0; 4096], DRAIN);
        while left > 0 {
            match stream.read(&mut sink).await {
                Ok(read) if read > 0 => left = left.saturating_sub(read),
                Ok(_) | Err(_) => return,
            }
        }
    };
    // Late or broken is the client's loss: the connection ends either way.
    let _ = tokio::time::timeout(LINGER, exchange).await;
}

/// Answers a connection above the caps and ends it without reading anything: it is not counted,
/// so it must not be kept.
pub(super) async fn turn_away(stream: &mut Stream, fault: WireFault, reference: &str) {
    let answer = answer(fault, reference, true);
    let _ = tokio::time::timeout(LINGER, send(stream, &answer)).await;
}

async fn send(stream: &mut Stream, answer: &str) -> bool {
    stream.write_all(answer.as_bytes()).await.is_ok()
        && stream.flush().await.is_ok()
        && AsyncWriteExt::shutdown(stream).await.is_ok()
}

fn answer(fault: WireFault, reference: &str, body: bool) -> String {
    let status = fault.status();
    let (title, code) = words(status);
    // The reference goes into JSON and a log line as it is: anything that is not plain is left out.
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let reference: String = reference.chars().filter(plain).collect();
    let problem = format!(
        "{{\"type\":\"about:blank\",\"title\":\"{title}\",\"status\":{status},\
         \"code\":\"{code}\",\"detail\":\"{fault}\",\"reference\":\"{reference}\"}}"
    );
    let extra = match status {
        405 => "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n",
        503 => "Retry-After: 10\r\n",
        _ => "",
    };
    let length = problem.len();
    let security = strictest_lines();
    let content = if body { problem.as_str() } else { "" };
    format!(
        "HTTP/1.1 {status} {title}\r\n\
         Content-Type: application/problem+json\r\n\
         Content-Length: {length}\r\n\
         {security}{extra}Connection: close\r\n\r\n{content}"
    )
}

/// The reason phrase of a status that this module sends, and the code that programs read.
fn words(status: u16) -> (&'static str, &'static str) {
    match status {
        405 => ("Method Not Allowed", "method_not_allowed"),
        408 => ("Request Timeout", "too_slow"),
        414 => ("URI Too Long", "too_large"),
        417 => ("Expectation Failed", "request_malformed"),
        431 => ("Request Header Fields Too Large", "too_large"),
        501 => ("Not Implemented", "request_malformed"),
        503 => ("Service Unavailable", "unavailable"),
        505 => ("HTTP Version Not Supported", "request_malformed"),
        _ => ("Bad Request", "request_malformed"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::connection::CapFault;
    use super::super::fault::HeadFault;
    use super::*;

    #[test]
    fn the_answer_is_whole_and_its_problem_is_json() {
        let answer = answer(HeadFault::BareLineFeed.into(), "a\"b\r\nc-1", true);
        let (head, problem) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", problem.len())));
        for line in [
            "cache-control: no-store",
            "content-security-policy: default-src 'none'; ",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "x-robots-tag: noindex",
        ] {
            assert!(head.contains(&format!("\r\n{line}")), "{line}: {head}");
        }
        assert!(head.ends_with("\r\nConnection: close"));
        let problem: serde_json::Value = serde_json::from_str(problem).unwrap();
        assert_eq!(problem["status"], 400);
        assert_eq!(problem["title"], "Bad Request");
        assert_eq!(problem["code"], "request_malformed");
        assert_eq!(problem["detail"], "a line ends in LF without CR");
        assert_eq!(problem["reference"], "abc-1");
    }

    #[test]
    fn programs_find_every_code_in_the_description() {
        let description = include_str!("../../../conf/openapi.yaml");
        for status in [400, 405, 408, 414, 417, 431, 501, 503, 505] {
            let code = words(status).1;
            assert!(description.contains(&format!("            - {code}\n")), "{code}");
        }
    }

    #[test]
    fn fields_that_a_status_needs_are_there() {
        assert!(answer(HeadFault::MethodRefused.into(), "", true).contains("\r\nAllow: GET,"));
        assert!(answer(CapFault::Peer.into(), "", true).contains("\r\nRetry-After: 10\r\n"));
        assert!(answer(HeadFault::TooLarge.into(), "", false).ends_with("\r\n\r\n"));
    }
}
