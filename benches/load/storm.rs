//! Many people who sign in at the same time, each as a browser does it: form, mail, link.
//!
//! `storm PORT HOST MAILS CLIENTS SECONDS`
//!
//! Each client signs in a new address, again and again, on one connection that it keeps; the mails are
//! read from the folder that linkgate writes them to, which has to be there. One that is not finished when
//! the time is over is finished, and counts in the time that it took. Prints one JSON object.
//!
//! Why not Python: it shares a core with Redis and the application, and must take little of it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};
use std::{fs, io};

use linkgate::adapters::yielding::politely;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::LocalSet;

mod arrivals;

use arrivals::Arrivals;

/// Longer than any honest answer; shorter than the patience of whoever waits for the figures.
const PATIENCE: Duration = Duration::from_secs(20);
const LINK: &str = "/.linkgate/link/";
/// Characters of the token in a link.
const TOKEN: usize = 64;
type Failure = Box<dyn Error>;

fn main() -> Result<(), Failure> {
    let storm = Storm::read(std::env::args().skip(1))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    #[expect(clippy::print_stdout, reason = "its result")]
    {
        println!("{}", LocalSet::new().block_on(&runtime, storm.run())?);
    }
    Ok(())
}

/// What the command line says.
struct Storm {
    port: u16,
    host: String,
    mails: PathBuf,
    clients: usize,
    lasts: Duration,
}

impl Storm {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut next = |name: &str| arguments.next().ok_or(format!("{name} is missing"));
        Ok(Self {
            port: next("PORT")?.parse()?,
            host: next("HOST")?,
            mails: next("MAILS")?.into(),
            clients: next("CLIENTS")?.parse()?,
            lasts: Duration::from_secs_f64(next("SECONDS")?.parse()?),
        })
    }

    async fn run(self) -> Result<serde_json::Value, Failure> {
        let (storm, letters) = (Rc::new(self), Rc::new(Letters::default()));
        let deliveries = Rc::clone(&letters).deliver(arrivals::into(&storm.mails)?);
        let delivering = tokio::task::spawn_local(politely(deliveries));
        let (began, run) = (Instant::now(), std::process::id());
        let until = began + storm.lasts;
        let clients = (0..storm.clients).map(|number| {
            let (storm, letters) = (Rc::clone(&storm), Rc::clone(&letters));
            // Another run has other people.
            let name = format!("p{number}-{run}");
            // The load that is measured has the same core, and must not wait for this one.
            tokio::task::spawn_local(politely(
                async move { storm.client(&name, &letters, until).await },
            ))
        });
        let (mut took, mut failed) = (Vec::new(), Vec::new());
        for client in clients.collect::<Vec<_>>() {
            match client.await? {
                Ok(times) => took.extend(times),
                Err(error) => failed.push(error.to_string()),
            }
        }
        let lasted = began.elapsed().as_secs_f64();
        if delivering.is_finished() {
            delivering.await??;
        } else {
            delivering.abort();
        }
        Ok(serde_json::json!({
            "count": took.len(),
            "seconds": lasted,
            "a_second": took.len() as f64 / lasted,
            "failed": failed,
            "own_core": processor_seconds()? / lasted,
            "ask_ms": spread(&took, 0),
            "mail_ms": spread(&took, 1),
            "click_ms": spread(&took, 2),
        }))
    }

    /// One browser. Returns milliseconds: until the form is answered, the mail is there, the link is.
    async fn client(
        &self,
        name: &str,
        letters: &Letters,
        until: Instant,
    ) -> Result<Vec<[f64; 3]>, Failure> {
        let mut line = Line::open(self.port).await?;
        let mut took = Vec::new();
        while Instant::now() < until {
            let address = format!("{name}-{}@example.com", took.len());
            let once = self.sign_in(&mut line, letters, &address);
            took.push(tokio::time::timeout(PATIENCE, once).await??);
        }
        Ok(took)
    }

    async fn sign_in(
        &self,
        line: &mut Line,
        letters: &Letters,
        address: &str,
    ) -> Result<[f64; 3], Failure> {
        let (began, host) = (Instant::now(), &self.host);
        let letter = letters.expect(address);
        let form = format!("email={}&return_to=%2F", address.replace('@', "%40"));
        let asked = format!(
            "POST /.linkgate/sign-in HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let cookies = line.ask(&asked).await?;
        let answered = Instant::now();
        let link = letter.await?;
        let came = Instant::now();
        let click = format!(
            "GET {link} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\n\
             Sec-Fetch-Mode: navigate\r\n\r\n"
        );
        if !line.ask(&click).await?.contains("linkgate-session=") {
            return Err("the link made no session".into());
        }
        let done = Instant::now();
        Ok([answered - began, came - answered, done - came].map(|it| it.as_secs_f64() * 1000.0))
    }
}

/// One connection that is kept.
struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Line {
    async fn open(port: u16) -> Result<Self, Failure> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024] })
    }

    /// Sends a request; returns the cookies that the redirection sets, as they are sent back.
    async fn ask(&mut self, request: &str) -> Result<String, Failure> {
        self.stream.write_all(request.as_bytes()).await?;
        let (mut have, mut whole) = (0, None);
        while whole.as_ref().is_none_or(|(length, _)| have < *length) {
            let read = self.stream.read(&mut self.buffer[have..]).await?;
            if read == 0 {
                return Err("the connection ended, or the answer is too long".into());
            }
            have += read;
            if whole.is_none() {
                whole = redirection(&self.buffer[..have])?;
            }
        }
        Ok(whole.map(|(_, cookies)| cookies).unwrap_or_default())
    }
}

/// The length of head and body, and the cookies, once the head is there.
fn redirection(bytes: &[u8]) -> Result<Option<(usize, String)>, Failure> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut answer = httparse::Response::new(&mut fields);
    let httparse::Status::Complete(head) = answer.parse(bytes)? else { return Ok(None) };
    if answer.code != Some(303) {
        return Err(format!("answered {:?}, not 303", answer.code).into());
    }
    let (mut body, mut cookies) = (0, Vec::new());
    for field in answer.headers.iter() {
        let value = std::str::from_utf8(field.value)?;
        if field.name.eq_ignore_ascii_case("content-length") {
            body = value.parse()?;
        } else if field.name.eq_ignore_ascii_case("set-cookie") {
            cookies.push(value.split(';').next().unwrap_or_default());
        }
    }
    Ok(Some((head + body, cookies.join("; "))))
}

/// Hands each mail to whoever waits for it.
#[derive(Default)]
struct Letters {
    waiting: RefCell<HashMap<String, oneshot::Sender<String>>>,
}

impl Letters {
    fn expect(&self, address: &str) -> oneshot::Receiver<String> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().insert(address.to_owned(), sender);
        receiver
    }

    /// Hands mails over as they come. By a look at the folder now and then, those of two milliseconds were
    /// clicked in one moment, and whoever is measured beside them waited for a dozen: no people do that.
    async fn deliver(self: Rc<Self>, mut arrivals: Arrivals) -> io::Result<()> {
        while let Some(path) = arrivals.recv().await {
            let path = path?;
            match fs::read_to_string(&path) {
                Ok(mail) => self.hand_over(&mail),
                // One that was handed over twice came twice under the same name.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            }
            fs::remove_file(&path)?;
            // Those who were sent it first, and the load that is measured.
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn hand_over(&self, mail: &str) {
        let to = mail.lines().find_map(|line| line.strip_prefix("To: ")).unwrap_or_default();
        let address = to.trim_start_matches('<').trim_end_matches('>');
        let plain = mail.replace("=\r\n", "");
        let link = plain.find(LINK).and_then(|at| plain.get(at..at + LINK.len() + TOKEN));
        if let (Some(link), Some(waiting)) = (link, self.waiting.borrow_mut().remove(address)) {
            let _ = waiting.send(link.to_owned());
        }
    }
}

/// What this process has used of a core (Linux counts in hundredths of a second).
fn processor_seconds() -> Result<f64, Failure> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?.1;
    let ticks = after_name.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
    Ok(f64::from(ticks.sum::<Result<u32, _>>()?) / 100.0)
}

fn spread(took: &[[f64; 3]], part: usize) -> serde_json::Value {
    let mut times: Vec<f64> = took.iter().map(|it| it[part]).collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).copied();
    serde_json::json!({ "p50": at(0.5), "p99": at(0.99) })
}
