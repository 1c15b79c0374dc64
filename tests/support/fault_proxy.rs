//! A proxy on loopback that makes a network and a server fail as a test says, request by request. It runs on
//! a thread of its own, so that a rule may wait for a process.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// What becomes of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It goes through.
    Through,
    /// The connection is reset when half of it has come.
    ResetHalfway,
    /// The server carries it out, and its answer is lost.
    AnswerLost,
    /// The proxy answers itself, with a status line and headers.
    Answered(&'static str),
    /// The answer comes a byte at a time, slower than anyone waits.
    Dripped,
    /// It goes to another port.
    Elsewhere(u16),
    /// It is kept, the sender loses the connection, and [`FaultProxy::deliver`] takes it on later.
    Held,
}

/// A request on its way.
pub(crate) struct Request {
    /// 1 for the first write, and so on; 0 for what is no write.
    pub(crate) write: usize,
}

type Rule = dyn Fn(&Request) -> Fate + Send + Sync;

/// The proxy. It ends when dropped.
pub(crate) struct FaultProxy {
    pub(crate) port: u16,
    held: Arc<Mutex<Vec<Vec<u8>>>>,
    written: Arc<Mutex<Vec<Vec<u8>>>>,
    to: u16,
    _stop: oneshot::Sender<()>,
}

impl FaultProxy {
    /// A proxy to a port of loopback that does what a rule says.
    pub(crate) fn start(to: u16, rule: impl Fn(&Request) -> Fate + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let held = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::new(Mutex::new(Vec::new()));
        let rule: Arc<Rule> = Arc::new(rule);
        let (kept, writes) = (Arc::clone(&held), Arc::clone(&written));
        let accepting = async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((client, _)) = listener.accept().await {
                let (rule, writes, held) = (Arc::clone(&rule), Arc::clone(&writes), Arc::clone(&kept));
                // What fails here fails for the client too, which is what a test looks at.
                tokio::spawn(async move {
                    let _ = serve(client, to, &*rule, &writes, &held).await;
                });
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accepting => {}
                    _ = stopped => {}
                }
            });
        });
        Self { port, held, written, to, _stop: stop }
    }

    /// The bodies of all writes that came, in order.
    pub(crate) fn written(&self) -> Vec<Vec<u8>> {
        self.written.lock().unwrap().clone()
    }

    /// Takes the requests that were held to the server now, and waits for its answers.
    pub(crate) async fn deliver(&self) -> usize {
        let held = std::mem::take(&mut *self.held.lock().unwrap());
        for request in &held {
            let answer = forward(self.to, request).await.unwrap();
            assert!(answer.starts_with(b"HTTP/1.1 204"), "{}", String::from_utf8_lossy(&answer));
        }
        held.len()
    }
}

async fn serve(
    mut client: TcpStream,
    to: u16,
    rule: &Rule,
    written: &Mutex<Vec<Vec<u8>>>,
    held: &Mutex<Vec<Vec<u8>>>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let body_at = loop {
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    };
    let text = String::from_utf8_lossy(&request[..body_at]).into_owned();
    let length: usize = text
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length:").map(|n| n.trim().to_owned()))
        .map_or(0, |length| length.parse().unwrap());
    let write = if text.contains("/api/v2/write") {
        let mut written = written.lock().unwrap();
        written.push(Vec::new());
        written.len()
    } else {
        0
    };
    let fate = rule(&Request { write });
    let wanted = if fate == Fate::ResetHalfway { body_at + length / 2 } else { body_at + length };
    while request.len() < wanted {
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    if write > 0 {
        written.lock().unwrap()[write - 1].extend_from_slice(&request[body_at..]);
    }
    // One request a connection, so that each has its own fate.
    let mut closing = Vec::new();
    write!(closing, "{}", text.replacen("\r\n", "\r\nConnection: close\r\n", 1))?;
    closing.extend_from_slice(&request[body_at..]);
    match fate {
        Fate::Through => client.write_all(&forward(to, &closing).await?).await,
        Fate::Elsewhere(port) => client.write_all(&forward(port, &closing).await?).await,
        Fate::ResetHalfway => client.set_zero_linger(),
        Fate::AnswerLost => forward(to, &closing).await.map(drop),
        Fate::Answered(answer) => {
            let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            client.write_all(answer.as_bytes()).await
        }
        Fate::Dripped => {
            for byte in forward(to, &closing).await? {
                client.write_all(&[byte]).await?;
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Ok(())
        }
        Fate::Held => {
            held.lock().unwrap().push(closing);
            Ok(())
        }
    }
}

async fn forward(to: u16, request: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    server.write_all(request).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}
