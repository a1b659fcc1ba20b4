//! A name server of the test's own, for zones of its own, by UDP and TCP.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, MX, PTR, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};

/// What goes wrong at a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No answer.
    Silent,
    /// The server cannot tell.
    ServFail,
    /// The answer does not fit into a datagram: the question comes again by TCP.
    TooLong,
}

/// Records, one a line: `NAME TYPE VALUE`.
#[derive(Default)]
pub struct Zone {
    records: HashMap<String, Vec<RData>>,
    faults: HashMap<String, Fault>,
}

impl Zone {
    pub fn of(text: &str) -> Self {
        let mut zone = Self::default();
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (name, rest) = line.split_once(' ').expect("a name");
            let (kind, value) = rest.split_once(' ').expect("a type");
            let target = || Name::from_ascii(value).expect("a name");
            let data = match kind {
                "TXT" => {
                    // A part holds 255 bytes at most.
                    let parts = value.as_bytes().chunks(100);
                    let parts = parts.map(|part| String::from_utf8_lossy(part).into_owned());
                    RData::TXT(TXT::new(parts.collect()))
                }
                "A" => RData::A(A(value.parse().expect("an address"))),
                "AAAA" => RData::AAAA(AAAA(value.parse().expect("an address"))),
                "MX" => {
                    let (preference, host) = value.split_once(' ').expect("a host");
                    let host = Name::from_ascii(host).expect("a name");
                    RData::MX(MX::new(preference.parse().expect("a number"), host))
                }
                "PTR" => RData::PTR(PTR(target())),
                "CNAME" => RData::CNAME(CNAME(target())),
                other => panic!("{other}"),
            };
            zone.records.entry(name.to_owned()).or_default().push(data);
        }
        zone
    }

    pub fn with(mut self, name: &str, fault: Fault) -> Self {
        self.faults.insert(name.to_owned(), fault);
        self
    }

    fn answer(&self, question: &[u8], by_tcp: bool) -> Option<Vec<u8>> {
        let question = Message::from_vec(question).ok()?;
        let query = question.queries.first()?.clone();
        let mut name = query.name().clone();
        let key = |name: &Name| name.to_ascii().trim_end_matches('.').to_ascii_lowercase();
        let mut answer = Message::response(question.metadata.id, question.metadata.op_code);
        answer.metadata.message_type = MessageType::Response;
        answer.metadata.authoritative = true;
        answer.metadata.recursion_available = true;
        answer.add_query(query.clone());
        match self.faults.get(&key(&name)) {
            Some(Fault::Silent) => return None,
            Some(Fault::ServFail) => answer.metadata.response_code = ResponseCode::ServFail,
            Some(Fault::TooLong) if !by_tcp => answer.metadata.truncation = true,
            Some(Fault::TooLong) | None => {
                while let Some(records) = self.records.get(&key(&name)) {
                    let of = |kind: RecordType| {
                        records.iter().filter(move |data| data.record_type() == kind).cloned()
                    };
                    let add = |data| Record::from_rdata(name.clone(), 60, data);
                    answer.add_answers(of(query.query_type()).map(add));
                    let Some(RData::CNAME(target)) = of(RecordType::CNAME).next() else { break };
                    answer.add_answer(add(RData::CNAME(target.clone())));
                    name = target.0;
                }
                if !self.records.contains_key(&key(&name)) {
                    answer.metadata.response_code = ResponseCode::NXDomain;
                }
            }
        }
        answer.to_vec().ok()
    }
}

/// A running server.
pub struct NameServer {
    address: SocketAddr,
    by_tcp: Arc<AtomicUsize>,
}

impl NameServer {
    pub async fn start(zone: Zone) -> Self {
        let (udp, tcp) = doors().await;
        let address = udp.local_addr().expect("an address");
        let (zone, by_tcp) = (Arc::new(zone), Arc::new(AtomicUsize::new(0)));
        let by_udp = Arc::clone(&zone);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok((length, peer)) = udp.recv_from(&mut buffer).await {
                if let Some(answer) = by_udp.answer(&buffer[..length], false) {
                    let _ = udp.send_to(&answer, peer).await;
                }
            }
        });
        let count = Arc::clone(&by_tcp);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                let (zone, count) = (Arc::clone(&zone), Arc::clone(&count));
                tokio::spawn(async move {
                    while let Ok(length) = stream.read_u16().await {
                        let mut question = vec![0; usize::from(length)];
                        if stream.read_exact(&mut question).await.is_err() {
                            return;
                        }
                        count.fetch_add(1, Ordering::Relaxed);
                        let Some(answer) = zone.answer(&question, true) else { continue };
                        let length = u16::try_from(answer.len()).expect("a short answer");
                        let _ = stream.write_u16(length).await;
                        let _ = stream.write_all(&answer).await;
                    }
                });
            }
        });
        Self { address, by_tcp }
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Questions that came by TCP.
    pub fn by_tcp(&self) -> usize {
        self.by_tcp.load(Ordering::Relaxed)
    }
}

/// A port that is free for both.
async fn doors() -> (UdpSocket, TcpListener) {
    for _ in 0..50 {
        let ip = IpAddr::from([127, 0, 0, 1]);
        let udp = UdpSocket::bind((ip, 0)).await.expect("a port");
        let port = udp.local_addr().expect("an address").port();
        if let Ok(tcp) = TcpListener::bind((ip, port)).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both")
}
