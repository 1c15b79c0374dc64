//! A proxy on loopback that makes a network and a server fail as a test says, request by request.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

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
    /// It is kept, the sender loses the connection, and [`FaultProxy::deliver`] takes it on later.
    Held,
}

/// A request on its way.
pub(crate) struct Request {
    /// 1 for the first write, and so on; 0 for what is no write.
    pub(crate) write: usize,
}

type Rule = dyn Fn(&Request) -> Fate + Send + Sync;

/// The proxy. It ends with the runtime that it was started on.
pub(crate) struct FaultProxy {
    pub(crate) port: u16,
    held: Arc<Mutex<Vec<Vec<u8>>>>,
    to: u16,
}

impl FaultProxy {
    /// A proxy to a port of loopback that does what a rule says.
    pub(crate) async fn start(to: u16, rule: impl Fn(&Request) -> Fate + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let held = Arc::new(Mutex::new(Vec::new()));
        let (rule, writes): (Arc<Rule>, _) = (Arc::new(rule), Arc::new(Mutex::new(0)));
        let kept = Arc::clone(&held);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (rule, writes, held) = (Arc::clone(&rule), Arc::clone(&writes), Arc::clone(&kept));
                // What fails here fails for the client too, which is what a test looks at.
                tokio::spawn(async move {
                    let _ = serve(client, to, &*rule, &writes, &held).await;
                });
            }
        });
        Self { port, held, to }
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
    writes: &Mutex<usize>,
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
        let mut writes = writes.lock().unwrap();
        *writes += 1;
        *writes
    } else {
        0
    };
    // A rule may stop a server, which waits for a process.
    let fate = tokio::task::block_in_place(|| rule(&Request { write }));
    let wanted = if fate == Fate::ResetHalfway { body_at + length / 2 } else { body_at + length };
    while request.len() < wanted {
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    // One request a connection, so that each has its own fate.
    let mut closing = Vec::new();
    write!(closing, "{}", text.replacen("\r\n", "\r\nConnection: close\r\n", 1))?;
    closing.extend_from_slice(&request[body_at..]);
    match fate {
        Fate::Through => client.write_all(&forward(to, &closing).await?).await,
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
