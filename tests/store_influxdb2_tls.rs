//! A server behind a certificate: read and written where its authority is trusted, and sent nothing where not.

#![cfg(feature = "influx")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a panic is the verdict of a test"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pp_collector::store::influxdb2::Influxdb2Settings;
use pp_collector::store::{Query, Store, StoreError};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use support::figures::*;
use support::influx::{self, InfluxServer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A door with a certificate before the server's own.
struct TlsDoor {
    port: u16,
    authority: CertifiedIssuer<'static, KeyPair>,
    /// Connections whose client was content with the certificate.
    trusted: Arc<AtomicUsize>,
}

impl TlsDoor {
    async fn before(server: &InfluxServer) -> Self {
        collectors::http::use_ring();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap().der().clone();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (behind, trusted) = (server.door_port, Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&trusted);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, counted) = (acceptor.clone(), Arc::clone(&counted));
                tokio::spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    counted.fetch_add(1, Ordering::SeqCst);
                    let mut server = TcpStream::connect(("127.0.0.1", behind)).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut stream, &mut server).await;
                });
            }
        });
        Self { port, authority, trusted }
    }

    fn settings(&self, plain: Influxdb2Settings) -> Influxdb2Settings {
        Influxdb2Settings { url: format!("https://localhost:{}", self.port).parse().unwrap(), ..plain }
    }
}

#[tokio::test]
async fn figures_go_and_come_over_tls_where_the_authority_is_named() {
    let Some(server) = InfluxServer::shared() else { return };
    let door = TlsDoor::before(server).await;
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, door.authority.pem()).unwrap();
    let plain = server.settings(&server.database());
    for (n, path) in [(0, ""), (1, "/below/a/path")] {
        let settings = Influxdb2Settings { ca_file: Some(ca_file.clone()), ..door.settings(plain.clone()) };
        let url = format!("{}{path}", settings.url.as_str()).parse().unwrap();
        let store = influx::open(&Influxdb2Settings { url, ..settings });
        let sent = Sent::at(n.into()).figures(&completed(), points(&[(n, "10")])).done();
        assert_eq!(store.append(sent).await.unwrap().new, 1);
        let kept = values(&store.series(&Query::default()).await.unwrap());
        assert_eq!(kept.last(), Some(&(n, known("10"))), "{kept:?}");
    }
    assert!(door.trusted.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn nothing_is_sent_to_a_server_whose_certificate_is_not_trusted() {
    let Some(server) = InfluxServer::shared() else { return };
    let door = TlsDoor::before(server).await;
    let store = influx::open(&door.settings(server.settings(&server.database())));
    let sent = Sent::at(0).figures(&completed(), points(&[(0, "10")])).done();
    let said = match store.append(sent).await {
        Err(error @ StoreError::Unavailable { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(said.contains("certificate") && said.contains("store.influxdb2.ca_file"), "{said}");
    assert_eq!(door.trusted.load(Ordering::SeqCst), 0, "not even the token has been sent");
}
