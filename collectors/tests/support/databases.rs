//! Databases of a case: a `PostgreSQL` server that refuses every session, and an `SQLite` file made for it.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What stands for the databases of a case in its settings.
pub async fn of(case: &Path, folder: &Path) -> Vec<(&'static str, String)> {
    let mut places = Vec::new();
    if let Ok(refusal) = fs::read_to_string(case.join("refusal.postgresql")) {
        places.push(("${PORT}", refusing(&refusal).await.to_string()));
    }
    if let Ok(statements) = fs::read_to_string(case.join("database.sql")) {
        let path = folder.join("cases.sqlite");
        Connection::open(&path).unwrap().execute_batch(&statements).unwrap();
        places.push(("${DATABASE}", path.display().to_string()));
    }
    places
}

/// Starts a server that answers a start-up message with the error in `refusal`, a SQLSTATE and the server's
/// words: `28P01 password authentication failed for user "pp_collector"`. Gives its port.
async fn refusing(refusal: &str) -> u16 {
    let (state, words) = refusal.trim().split_once(' ').expect("a SQLSTATE and what is said");
    let answer = error_response(state, words);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Whoever hangs up has no use for an answer.
            let _ = refuse(stream, &answer).await;
        }
    });
    port
}

async fn refuse(mut stream: TcpStream, answer: &[u8]) -> std::io::Result<()> {
    let length = stream.read_u32().await?;
    let mut startup = vec![0; (length as usize).saturating_sub(4)];
    stream.read_exact(&mut startup).await?;
    stream.write_all(answer).await
}

/// An `ErrorResponse` (`PostgreSQL` manual, "Message Formats"): fields of a letter and a text, each ended by 0.
fn error_response(state: &str, words: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C{state}\0M{words}\0\0");
    let length = u32::try_from(fields.len() + 4).unwrap();
    [b"E".as_slice(), &length.to_be_bytes(), fields.as_bytes()].concat()
}
