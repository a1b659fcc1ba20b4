use bytes::BytesMut;

use super::*;
use crate::proxy::direct::client::Heads;

const ASKED: For = For { head: false, last: false, websocket: false, chunks: true, private: false };

fn read_all(head: &str, asked: For) -> (Read, String) {
    let mut out = BytesMut::new();
    let read = read(head.as_bytes(), asked, &mut Heads::Bytes(&mut out));
    (read, String::from_utf8(out.to_vec()).unwrap())
}

fn answer(head: &str, asked: For) -> Answer {
    match read_all(head, asked).0 {
        Read::Head(answer, used) => {
            assert_eq!(used, head.len());
            answer
        }
        other => panic!("{head:?}: {other:?}"),
    }
}

#[test]
fn the_framing_is_the_one_of_the_standard() {
    let rows = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Content::Exact(5), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n", Content::Exact(5), true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Content::Nothing, true),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", Content::Chunked, true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
            Content::Chunked,
            false,
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", Content::UntilClose, false),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n",
            Content::Exact(5),
            false,
        ),
        ("HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", Content::Exact(5), false),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: Keep-Alive\r\n\r\n",
            Content::Exact(5),
            true,
        ),
        (
            "HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive, close\r\n\r\n",
            Content::Exact(5),
            false,
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", Content::Nothing, true),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", Content::Nothing, true),
        ("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", Content::Nothing, false),
        ("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", Content::Nothing, false),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", Content::Nothing, true),
        ("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", Content::Nothing, true),
    ];
    for (head, content, keeps) in rows {
        let answer = answer(head, ASKED);
        assert_eq!((answer.content, answer.keeps), (content, keeps), "{head:?}");
    }
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    assert_eq!(answer(head, For { head: true, ..ASKED }).content, Content::Nothing);
}

#[test]
fn what_says_two_things_is_no_answer() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 000 Odd\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
    ] {
        assert_eq!(read_all(head, ASKED).0, Read::Malformed, "{head:?}");
    }
    assert_eq!(read_all("HTTP/1.1 200 OK\r\nA: b\r\n", ASKED).0, Read::Partial);
}

#[test]
fn only_what_is_the_clients_reaches_the_client() {
    let head = "HTTP/1.1 200 Fine\r\nServer: x\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\
                Keep-Alive: timeout=5\r\nUpgrade: h2c\r\nTrailer: x\r\nDate: now\r\n\
                Set-Cookie: a=b\r\nSet-Cookie: linkgate-session=x\r\nContent-Length: 3\r\n\
                X-Folded: one\r\n two\r\n\r\n";
    let asked = For { last: true, private: true, ..ASKED };
    assert_eq!(
        read_all(head, asked).1,
        "HTTP/1.1 200 Fine\r\nServer: x\r\nDate: now\r\nSet-Cookie: a=b\r\n\
         X-Folded: one two\r\ncontent-length: 3\r\ncache-control: private\r\n\
         connection: close\r\n\r\n"
    );
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n\
                  Connection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n";
    assert_eq!(
        read_all(switch, For { websocket: true, ..ASKED }).1,
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\
         connection: Upgrade\r\nupgrade: websocket\r\n\r\n"
    );
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
    assert_eq!(read_all(hints, asked).1, hints);
    let hidden = "HTTP/1.1 200 OK\r\nConnection: Cache-Control\r\nCache-Control: public\r\n\
                  Date: now\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        read_all(hidden, For { private: true, ..ASKED }).1,
        "HTTP/1.1 200 OK\r\nDate: now\r\ncontent-length: 0\r\ncache-control: private\r\n\r\n"
    );
    let stored = "HTTP/1.1 200 OK\r\nDate: now\r\nCache-Control: max-age=60\r\n\r\n";
    assert_eq!(
        read_all(stored, For { private: true, ..ASKED }).1,
        "HTTP/1.1 200 OK\r\nDate: now\r\nCache-Control: max-age=60\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
}
