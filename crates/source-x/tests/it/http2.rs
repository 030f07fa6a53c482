//! HTTP/2, against hyper's own server: negotiated, streamed, and ended without alarm.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use source_x::{Http, Settings, Token};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::{SECRET, connect};

/// TLS for `localhost` that offers `protocols`, and the authority that signed it.
fn tls(protocols: &[&[u8]]) -> (TlsAcceptor, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = authority.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    (TlsAcceptor::from(Arc::new(config)), pem)
}

type Messages = StreamBody<BoxStream<'static, Result<Frame<Bytes>, h2::Error>>>;

/// Two posts, and then `end`.
fn answer(request: &Request<Incoming>, end: Option<h2::Reason>) -> Response<Messages> {
    assert_eq!(request.version(), Version::HTTP_2);
    assert_eq!(request.uri().path(), "/2/tweets/search/stream");
    assert_eq!(request.headers()["authorization"], format!("Bearer {SECRET}"));
    assert!(!request.headers().contains_key("host"));
    let lines = ["{\"data\":{\"id\":\"1\"}}\r\n", "\r\n"].map(|line| Ok(Frame::data(Bytes::from(line))));
    let end = stream::iter(end).then(|reason| async move {
        // A reset takes with it what has not gone.
        tokio::time::sleep(Duration::from_millis(200)).await;
        Err(reason.into())
    });
    let body = stream::iter(lines).chain(end).boxed();
    Response::new(StreamBody::new(body))
}

async fn serve(acceptor: TlsAcceptor, end: Option<h2::Reason>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let io = TokioIo::new(acceptor.accept(socket).await.unwrap());
            let service =
                service_fn(move |request| std::future::ready(Ok::<_, Infallible>(answer(&request, end))));
            let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(builder.serve_connection(io, service));
        }
    });
    address
}

#[tokio::test]
async fn a_stream_over_http_2_ends_cleanly_by_itself_and_by_a_reset_without_error() {
    for (end, broken) in [
        (None, false),
        (Some(h2::Reason::NO_ERROR), false),
        (Some(h2::Reason::INTERNAL_ERROR), true),
    ] {
        let (acceptor, authority) = tls(&[b"h2", b"http/1.1"]);
        let address = serve(acceptor, end).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), authority).unwrap();
        let mut settings = Settings::new(Token::from_value(SECRET));
        settings.base_url = Some(format!("https://localhost:{}", address.port()));
        settings.ca_file = Some(file.path().to_owned());
        settings.http = Http::Two;
        let mut connection = connect(&settings).await.unwrap();
        let mut all = Vec::new();
        let outcome = loop {
            match connection.chunk().await {
                Ok(Some(bytes)) => all.extend_from_slice(&bytes),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        assert_eq!(outcome.is_err(), broken, "{end:?}: {outcome:?}");
        if !broken {
            assert_eq!(all, b"{\"data\":{\"id\":\"1\"}}\r\n\r\n");
        }
    }
}

#[tokio::test]
async fn a_server_without_it_is_spoken_to_as_before() {
    let world = simulator::Settings {
        tls: true,
        rules_required: false,
        ..simulator::Settings::default()
    };
    let mut settings = Settings::new(Token::from_value(world.token.clone()));
    let simulator = simulator::Simulator::start(world).await.unwrap();
    let authority = crate::support::authority(&simulator);
    settings.base_url = Some(simulator.base_url());
    settings.ca_file = Some(authority.path().to_owned());
    settings.http = Http::Two;
    let mut connection = connect(&settings).await.unwrap();
    assert!(connection.chunk().await.unwrap().unwrap().starts_with(b"{"));
}
