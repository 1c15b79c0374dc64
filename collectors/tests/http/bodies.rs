use std::io::Write;
use std::time::Duration;

use collectors::Reason;
use collectors::http::Request;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::support::{RawServer, TIMEOUT, Then, layer};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\n{headers}\r\n\r\n").as_bytes(), body].concat()
}

fn compressed(body: &[u8]) -> Vec<u8> {
    answer(&format!("content-encoding: gzip\r\ncontent-length: {}", body.len()), body)
}

#[tokio::test]
async fn a_compressed_answer_is_read() {
    let server = RawServer::start(vec![Then::Close(compressed(&gzip(b"figures")))]).await;
    let reply = layer().0.send(Request::get(server.address)).await.unwrap();
    assert_eq!(reply.text().unwrap(), "figures");
}

#[tokio::test]
async fn an_answer_is_read_up_to_its_cap_and_no_further() {
    let body = answer("content-length: 1000", &[b'x'; 1000]);
    let server = RawServer::start(vec![Then::Close(body)]).await;
    let request = Request::get(server.address);
    assert_eq!(layer().0.send(request.clone().largest_bytes(1000)).await.unwrap().bytes.len(), 1000);
    let error = layer().0.send(request.largest_bytes(999)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed);
    assert!(error.to_string().contains("more than 999 bytes"), "{error}");
}

#[tokio::test]
async fn an_endless_answer_is_left_at_the_cap() {
    let again = answer("connection: close", &[]);
    let server = RawServer::start(vec![Then::Repeat(again, vec![b'x'; 4096])]).await;
    let error = layer().0.send(Request::get(server.address).largest_bytes(100_000)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed, "{error}");
}

#[tokio::test]
async fn a_small_answer_that_unpacks_to_a_large_one_is_left_at_the_cap() {
    let bomb = gzip(&vec![0; 8 * 1024 * 1024]);
    assert!(bomb.len() < 100_000);
    let server = RawServer::start(vec![Then::Close(compressed(&bomb))]).await;
    let error = layer().0.send(Request::get(server.address).largest_bytes(1_000_000)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed);
    assert!(error.to_string().contains("more than 1000000 bytes, decompressed"), "{error}");
}

#[tokio::test]
async fn corrupt_compressed_data_are_malformed() {
    let server = RawServer::start(vec![Then::Close(compressed(b"this was never gzip at all"))]).await;
    let error = layer().0.send(Request::get(server.address)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Malformed, "{error}");
    assert!(error.to_string().contains("compressed data that are corrupt"), "{error}");
}

#[tokio::test]
async fn half_a_body_is_asked_for_again() {
    let packed = gzip(&b"figures, many of them and all different: 1 2 3 5 8 13 21".repeat(3));
    let half = answer(
        &format!("content-encoding: gzip\r\ncontent-length: {}", packed.len()),
        &packed[..packed.len() / 2],
    );
    let server = RawServer::start(vec![
        Then::Close(answer("content-length: 7", b"fig")),
        Then::Close(answer("transfer-encoding: chunked", b"7\r\nfigu")),
        Then::Close(half),
        Then::Close(answer("content-length: 7", b"figures")),
    ])
    .await;
    let request = Request::get(server.address.clone());
    let error = layer().0.send(request.clone().attempts(1)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Transient);
    assert!(error.to_string().contains("broke off its answer after 3 bytes"), "{error}");
    let reply = layer().0.send(request).await.unwrap();
    assert_eq!(reply.text().unwrap(), "figures");
    assert_eq!(*server.connections.lock().unwrap(), 4);
}

#[tokio::test]
async fn a_connection_closed_without_an_answer_is_transient() {
    let server = RawServer::start(vec![Then::Close(Vec::new())]).await;
    let error = layer().0.send(Request::get(server.address.clone())).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Transient, "{error}");
    assert!(error.to_string().contains("gave no answer"), "{error}");
}

#[tokio::test]
async fn nobody_there_is_transient() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let text = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let address = collectors::http::Address::parse(&text).unwrap();
    let error = layer().0.send(Request::get(address)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Transient);
    assert!(error.to_string().contains("cannot be reached: "), "{error}");
}

/// The server has sent a little and goes on sending nothing: only the clock ends it.
#[tokio::test]
async fn an_answer_that_does_not_end_is_left_at_its_time() {
    let slow = Then::Hang(answer("content-length: 9", b"fi"));
    for step in [slow, Then::Hang(Vec::new())] {
        let server = RawServer::start(vec![step]).await;
        let (http, clock) = layer();
        let request = Request::get(server.address).timeout(TIMEOUT).attempts(1);
        let asking = tokio::spawn(async move { http.send(request).await });
        clock.limited(1).await;
        clock.advance(Duration::from_secs(1799));
        tokio::task::yield_now().await;
        assert!(!asking.is_finished());
        clock.advance(Duration::from_secs(1));
        let error = asking.await.unwrap().unwrap_err();
        assert_eq!(error.reason(), Reason::Transient);
        assert!(error.to_string().contains("did not finish its answer within 1800 s"), "{error}");
    }
}

#[tokio::test]
async fn a_run_is_not_waited_for_beyond_its_end() {
    let server = RawServer::start(vec![Then::Hang(Vec::new())]).await;
    let (http, clock) = layer();
    let http = http.until("2026-11-16T09:10:00Z".parse().unwrap());
    let request = Request::get(server.address).timeout(TIMEOUT);
    let (asker, question) = (http.clone(), request.clone());
    let asking = tokio::spawn(async move { asker.send(question).await });
    clock.limited(2).await;
    clock.advance(Duration::from_mins(10));
    let error = asking.await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Reason::Transient);
    assert!(error.to_string().contains("the time of this run was over"), "{error}");
    let again = http.send(request).await.unwrap_err();
    assert!(again.to_string().contains("the time of this run was over"), "{again}");
    assert!(*server.connections.lock().unwrap() <= 1, "nothing is asked after the end");
}
