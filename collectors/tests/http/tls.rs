//! Sources with certificates of their own.

use std::path::PathBuf;
use std::sync::Arc;

use collectors::http::{Address, ClientCertificate, Request, Tls, use_ring};
use collectors::{CollectError, Reason, SecretRef};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::support::layer;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";

/// An authority that signs whatever it is given.
struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn pair(&self, name: &str) -> (Pair, CertificateDer<'static>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        let pem = Pair { certificate: certificate.pem(), key: key.serialize_pem() };
        (pem, certificate.der().clone(), PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    }

    /// A source on loopback whose certificate it signed, and which asks clients for one of its own if so told.
    async fn source(&self, asks_for_a_certificate: bool) -> Address {
        use_ring();
        let (_, certificate, key) = self.pair("localhost");
        let config = ServerConfig::builder();
        let config = if asks_for_a_certificate {
            let mut roots = RootCertStore::empty();
            roots.add(self.0.der().clone()).unwrap();
            config.with_client_cert_verifier(WebPkiClientVerifier::builder(roots.into()).build().unwrap())
        } else {
            config.with_no_client_auth()
        };
        let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate], key).unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    let mut stream = match acceptor.accept(stream).into_fallible().await {
                        Ok(stream) => stream,
                        Err((_, mut refused)) => {
                            // Closed with something unread, the connection would be reset and the alert lost.
                            let _ = tokio::io::copy(&mut refused, &mut tokio::io::sink()).await;
                            return;
                        }
                    };
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    let _ = stream.write_all(ANSWER).await;
                    let _ = stream.shutdown().await;
                });
            }
        });
        Address::parse(&format!("https://localhost:{port}/")).unwrap()
    }
}

struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    fn identity(&self, pair: &Pair) -> ClientCertificate {
        let certificate = self.put("client.pem", &pair.certificate);
        ClientCertificate { certificate, key: SecretRef::File(self.put("client.key", &pair.key)).open() }
    }
}

async fn ask(source: &Address, tls: Tls) -> Result<(), CollectError> {
    layer().0.send(Request::get(source.clone()).tls(Arc::new(tls)).expect_json()).await.map(drop)
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_where_it_is_named_and_nowhere_else() {
    let (files, authority) = (Files::new(), Authority::new());
    let source = authority.source(false).await;
    let authorities = Some(files.put("ca.pem", &authority.0.pem()));
    ask(&source, Tls::new(authorities, None)).await.unwrap();

    let error = layer().0.send(Request::get(source.clone())).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config, "asking again would not help: {error}");
    assert!(error.to_string().contains("a certificate that is not accepted"), "{error}");
    assert!(error.to_string().contains("name it in `tls.ca_file`"), "{error}");

    let other = Some(files.put("other.pem", &Authority::new().0.pem()));
    assert_eq!(ask(&source, Tls::new(other, None)).await.unwrap_err().reason(), Reason::Config);
}

#[tokio::test]
async fn a_source_that_asks_who_we_are_is_shown_our_certificate() {
    let (files, authority) = (Files::new(), Authority::new());
    let source = authority.source(true).await;
    let ca = files.put("ca.pem", &authority.0.pem());
    let error = ask(&source, Tls::new(Some(ca.clone()), None)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Auth, "{error}");
    assert!(error.to_string().contains("`tls.certificate_file`"), "{error}");

    let (pair, ..) = authority.pair("client");
    ask(&source, Tls::new(Some(ca), Some(files.identity(&pair)))).await.unwrap();
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_up_without_a_restart() {
    let (files, authority) = (Files::new(), Authority::new());
    let source = authority.source(true).await;
    let (stranger, ..) = Authority::new().pair("client");
    let identity = files.identity(&stranger);
    let tls = Arc::new(Tls::new(Some(files.put("ca.pem", &authority.0.pem())), Some(identity)));
    let (http, _) = layer();
    let request = Request::get(source).tls(Arc::clone(&tls));
    let error = http.send(request.clone()).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Auth, "{error}");
    let (pair, ..) = authority.pair("a client with a longer name");
    files.identity(&pair);
    http.send(request).await.unwrap();
}

#[tokio::test]
async fn files_that_are_no_certificates_are_named_and_no_key_is_quoted() {
    let (files, authority) = (Files::new(), Authority::new());
    let source = authority.source(true).await;
    let empty = files.put("empty.pem", "nothing here");
    let error = ask(&source, Tls::new(Some(empty.clone()), None)).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config);
    assert!(error.to_string().contains(&empty.display().to_string()), "{error}");

    let (one, ..) = authority.pair("one");
    let (two, ..) = authority.pair("two");
    let mixed = Pair { certificate: one.certificate, key: two.key.clone() };
    let error = ask(&source, Tls::new(None, Some(files.identity(&mixed)))).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config);
    assert!(error.to_string().contains("are no pair"), "{error}");
    let quoted = two.key.lines().nth(1).unwrap();
    assert!(!format!("{error:?}").contains(quoted), "{error:?}");

    let error = ask(&source, Tls::new(Some(files.0.path().join("absent.pem")), None)).await.unwrap_err();
    assert!(error.to_string().contains("absent.pem cannot be read"), "{error}");
}

/// A certificate says who asks, as a credential does: it does not go to another host.
#[tokio::test]
async fn nobody_is_sent_elsewhere_with_a_certificate() {
    let (files, authority) = (Files::new(), Authority::new());
    let server = wiremock::MockServer::start().await;
    let elsewhere = wiremock::ResponseTemplate::new(302).insert_header("location", "https://localhost:1/");
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(elsewhere).mount(&server).await;
    let (pair, ..) = authority.pair("client");
    let tls = Tls::new(None, Some(files.identity(&pair)));
    let error = ask(&super::support::address(&server), tls).await.unwrap_err();
    assert_eq!(error.reason(), Reason::Config, "{error}");
}
