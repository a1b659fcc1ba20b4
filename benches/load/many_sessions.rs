//! A load of many people: each request with the cookie of another session.
//!
//! `many-sessions PORT PATH SECONDS CONNECTIONS TOKENS ORDER NAME:VALUE…`
//!
//! TOKENS is a file of tokens of one length, one a line; ORDER is `random`, or the number of the line to
//! begin with. `{session}` in a header's value is the token. Prints one JSON object: requests, requests a
//! second, and the 99th percentile in milliseconds. Ends with an error at the first answer that is not 200.
//!
//! Why not wrk: its scripts make a Lua string of each request. From a hundred thousand different ones on
//! most of its time goes there, and the proxy waits for it.

use std::cell::{Cell, RefCell};
use std::error::Error;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::SmallRng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

const PLACEHOLDER: &str = "{session}";
/// Larger than any answer that is asked for here.
const ANSWER: usize = 64 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let load = Load::read(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    #[expect(clippy::print_stdout, reason = "its result")]
    {
        println!("{}", LocalSet::new().block_on(&runtime, load.run())?);
    }
    Ok(())
}

/// What the command line says.
struct Load {
    port: u16,
    seconds: f64,
    connections: usize,
    tokens: Tokens,
    before: String,
    after: String,
}

impl Load {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut next = |name: &str| arguments.next().ok_or(format!("{name} is missing"));
        let (port, path) = (next("PORT")?.parse()?, next("PATH")?);
        let (seconds, connections) = (next("SECONDS")?.parse()?, next("CONNECTIONS")?.parse()?);
        let tokens = Tokens::read(&next("TOKENS")?, &next("ORDER")?)?;
        let mut head = format!("GET {path} HTTP/1.1\r\n");
        for field in arguments {
            head.push_str(&field);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        let (before, after) = head.split_once(PLACEHOLDER).ok_or("no header has {session}")?;
        let (before, after) = (before.to_owned(), after.to_owned());
        Ok(Self { port, seconds, connections, tokens, before, after })
    }

    async fn run(self) -> Result<serde_json::Value, Box<dyn Error>> {
        let (load, began) = (Rc::new(self), Instant::now());
        let until = began + Duration::from_secs_f64(load.seconds);
        let took = Rc::new(RefCell::new(Vec::with_capacity(1 << 20)));
        let clients = (0..load.connections).map(|_| {
            let (load, took) = (Rc::clone(&load), Rc::clone(&took));
            tokio::task::spawn_local(async move { load.client(until, &took).await })
        });
        for client in clients.collect::<Vec<_>>() {
            client.await??;
        }
        let lasted = began.elapsed().as_secs_f64();
        let mut took = took.take();
        took.sort_unstable();
        let p99: u32 = took.get(took.len() * 99 / 100).copied().unwrap_or_default();
        Ok(serde_json::json!({
            "requests": took.len(),
            "rps": took.len() as f64 / lasted,
            "p99": f64::from(p99) / 1000.0,
        }))
    }

    /// One connection: a request, its answer, the next request. Notes microseconds.
    async fn client(&self, until: Instant, took: &RefCell<Vec<u32>>) -> io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.set_nodelay(true)?;
        let (mut request, mut buffer) = (Vec::new(), vec![0; ANSWER]);
        let mut began = Instant::now();
        while began < until {
            request.clear();
            for part in [self.before.as_bytes(), self.tokens.next(), self.after.as_bytes()] {
                request.extend_from_slice(part);
            }
            stream.write_all(&request).await?;
            answer(&mut stream, &mut buffer).await?;
            let now = Instant::now();
            let micros = now.duration_since(began).as_micros();
            took.borrow_mut().push(u32::try_from(micros).unwrap_or(u32::MAX));
            began = now;
        }
        Ok(())
    }
}

/// Reads one whole answer with `Content-Length`.
async fn answer(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    let (mut have, mut whole) = (0, None);
    while whole.is_none_or(|whole| have < whole) {
        let read = stream.read(&mut buffer[have..]).await?;
        if read == 0 {
            return Err(io::Error::other("the connection ended, or the answer is too long"));
        }
        have += read;
        if whole.is_none() {
            whole = length(&buffer[..have])?;
        }
    }
    Ok(())
}

/// Bytes of head and body, once the head is there.
fn length(bytes: &[u8]) -> io::Result<Option<usize>> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut fields);
    let head = match answer.parse(bytes).map_err(io::Error::other)? {
        httparse::Status::Complete(head) => head,
        httparse::Status::Partial => return Ok(None),
    };
    if answer.code != Some(200) {
        return Err(io::Error::other(format!("answered {:?}", answer.code)));
    }
    let length = answer.headers.iter().find(|it| it.name.eq_ignore_ascii_case("content-length"));
    let body = length.and_then(|it| std::str::from_utf8(it.value).ok()?.parse::<usize>().ok());
    body.map(|body| Some(head + body)).ok_or_else(|| io::Error::other("no Content-Length"))
}

/// The tokens, and which is next.
struct Tokens {
    bytes: Vec<u8>,
    width: usize,
    count: usize,
    position: Option<Cell<usize>>,
    random: RefCell<SmallRng>,
}

impl Tokens {
    fn read(path: &str, order: &str) -> Result<Self, Box<dyn Error>> {
        let bytes = std::fs::read(path)?;
        let width = bytes.iter().position(|it| *it == b'\n').ok_or("no line of tokens")? + 1;
        let position = if order == "random" { None } else { Some(Cell::new(order.parse()?)) };
        let random = RefCell::new(rand::make_rng::<SmallRng>());
        Ok(Self { count: bytes.len() / width, bytes, width, position, random })
    }

    fn next(&self) -> &[u8] {
        let number = match &self.position {
            Some(position) => position.replace(position.get() + 1) % self.count,
            None => self.random.borrow_mut().random_range(0..self.count),
        };
        let start = number * self.width;
        &self.bytes[start..start + self.width - 1]
    }
}
