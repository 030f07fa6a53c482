//! The way through a proxy, against proxies written by hand: TLS from end to end, names resolved where they should be, and refusals
//! in the proxy's own words.

use std::net::SocketAddr;

use simulator::Simulator;
use source_x::{Family, ProxyUrl, Settings, Token};
use stream_core::source::{ConnectErrorClass, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Server, authority, connect, refusal};

/// A simulator with TLS and an authority of its own, and settings that lead there through a proxy.
async fn world(proxy: &str) -> (Simulator, Settings, tempfile::NamedTempFile) {
    let world = simulator::Settings {
        tls: true,
        rules_required: false,
        ..simulator::Settings::default()
    };
    let token = Token::from_value(world.token.clone());
    let simulator = Simulator::start(world).await.unwrap();
    let authority = authority(&simulator);
    let mut settings = Settings::new(token);
    settings.base_url = Some(format!("https://localhost:{}", simulator.addr().port()));
    settings.ca_file = Some(authority.path().to_owned());
    settings.proxy = Some(ProxyUrl::parse(proxy).unwrap());
    (simulator, settings, authority)
}

/// Gives the stream's first bytes.
async fn first(settings: &Settings) -> Vec<u8> {
    let mut connection = connect(settings).await.unwrap();
    connection.chunk().await.unwrap().unwrap().to_vec()
}

#[tokio::test]
async fn a_tunnel_carries_tls_and_the_proxy_sees_the_host_and_its_own_password_only() {
    let (simulator, mut settings, _authority) = world("http://unused").await;
    let to = simulator.addr();
    let proxy = Server::start(move |mut socket: TcpStream| async move {
        let mut server = TcpStream::connect(to).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 Go\r\n\r\n").await.unwrap();
        drop(copy_bidirectional(&mut socket, &mut server).await);
    })
    .await;
    settings.proxy = Some(ProxyUrl::parse(&format!("http://bird:s3%40cret@{}", proxy.address)).unwrap());
    assert!(first(&settings).await.starts_with(b"{\"data\""));
    let target = format!("localhost:{}", to.port());
    let head = format!(
        "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\nproxy-authorization: Basic YmlyZDpzM0BjcmV0\r\n\r\n"
    );
    assert_eq!(proxy.heads(), [head]);
}

#[tokio::test]
async fn a_refusal_says_who_refuses_in_its_own_words_and_whose_it_is_to_mend() {
    use ConnectErrorClass::{Network, Refused};
    let hint = "the proxy refuses: check its user and password";
    for (answer, class, words) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 12\r\n\r\nWho are you?",
            Refused,
            "CONNECT: HTTP 407 Proxy Authentication Required: Who are you? (",
        ),
        (
            "HTTP/1.1 403 No\r\ncontent-length: 9\r\n\r\n",
            Refused,
            "HTTP 403 Forbidden (",
        ),
        (
            "HTTP/1.1 502 Bad\r\ncontent-length: 7\r\n\r\nno DNS\n",
            Network,
            "CONNECT: HTTP 502 Bad Gateway: no DNS",
        ),
        ("SSH-2.0-OpenSSH\r\n", Network, "connecting to localhost:"),
    ] {
        let proxy = Server::saying(answer).await;
        let url = format!("http://bird:s3cret@{}", proxy.address);
        let (simulator, settings, _authority) = world(&url).await;
        let error = refusal(&settings).await;
        assert_eq!((error.class, error.request), (class, Request::NotSent), "{error}");
        let place = format!("through http://{}", proxy.address);
        assert!(
            error.detail.contains(words) && error.detail.contains(&place),
            "{error}"
        );
        assert_eq!(error.detail.contains(hint), class == Refused, "{error}");
        assert!(!error.detail.contains("s3cret"), "{error}");
        assert_eq!(simulator.attempts(), 0);
    }
}

/// A SOCKS5 proxy that wants a user and a password, if any, and goes to `to` whatever it is asked for; answers with `reply`. Its
/// address, and what it was asked for.
async fn socks_proxy(
    to: SocketAddr,
    password: Option<&'static [u8]>,
    reply: u8,
) -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut greeting = [0; 2];
            socket.read_exact(&mut greeting).await.unwrap();
            let mut methods = vec![0; usize::from(greeting[1])];
            socket.read_exact(&mut methods).await.unwrap();
            let method = if password.is_some() { 2 } else { 0 };
            if !methods.contains(&method) {
                drop(socket.write_all(&[5, 0xff]).await);
                continue;
            }
            socket.write_all(&[5, method]).await.unwrap();
            if let Some(password) = password {
                let mut said = vec![0; password.len()];
                socket.read_exact(&mut said).await.unwrap();
                let wrong = u8::from(said != password);
                socket.write_all(&[1, wrong]).await.unwrap();
                if wrong != 0 {
                    continue;
                }
            }
            let mut request = [0; 4];
            socket.read_exact(&mut request).await.unwrap();
            let length = match request[3] {
                1 => 4,
                3 => usize::from(socket.read_u8().await.unwrap()),
                _ => 16,
            };
            let mut target = vec![0; length + 2];
            socket.read_exact(&mut target).await.unwrap();
            target.truncate(length);
            tell.send(target).unwrap();
            socket
                .write_all(&[5, reply, 0, 1, 0, 0, 0, 0, 0, 0])
                .await
                .unwrap();
            let mut server = TcpStream::connect(to).await.unwrap();
            drop(copy_bidirectional(&mut socket, &mut server).await);
        }
    });
    (address, told)
}

#[tokio::test]
async fn socks_resolves_the_name_there_or_here() {
    let (simulator, mut settings, _authority) = world("http://unused").await;
    settings.family = Family::V4;
    let password = Some(&b"\x01\x04bird\x07s3@cret"[..]);
    for (scheme, password, target) in [
        ("socks5h://", None, &b"localhost"[..]),
        ("socks5://", None, &[127, 0, 0, 1]),
        ("socks5h://bird:s3%40cret@", password, b"localhost"),
    ] {
        let (proxy, mut told) = socks_proxy(simulator.addr(), password, 0).await;
        settings.proxy = Some(ProxyUrl::parse(&format!("{scheme}{proxy}")).unwrap());
        assert!(first(&settings).await.starts_with(b"{\"data\""), "{scheme}");
        assert_eq!(told.recv().await.unwrap(), target, "{scheme}");
    }
}

#[tokio::test]
async fn socks_refuses_in_words_too() {
    use ConnectErrorClass::{Network, Refused};
    let (simulator, mut settings, _authority) = world("http://unused").await;
    let password = Some(&b"\x01\x04bird\x07s3@cret"[..]);
    for (user, password, reply, class, words) in [
        ("", password, 0, Refused, "check its user and password"),
        (
            "bird:another@",
            password,
            0,
            Refused,
            "check its user and password",
        ),
        ("", None, 2, Refused, "check its user and password"),
        ("", None, 4, Network, "ost unreachable"),
    ] {
        let (proxy, _told) = socks_proxy(simulator.addr(), password, reply).await;
        settings.proxy = Some(ProxyUrl::parse(&format!("socks5h://{user}{proxy}")).unwrap());
        let error = refusal(&settings).await;
        assert_eq!(error.class, class, "{error}");
        assert!(error.detail.contains(words), "{error}");
        assert!(!error.detail.contains("another"), "{error}");
    }
    // Nobody there.
    settings.proxy = Some(ProxyUrl::parse("socks5://127.0.0.1:1").unwrap());
    let error = refusal(&settings).await;
    assert!(
        error.class == Network
            && error
                .detail
                .contains("through socks5://127.0.0.1:1: Connection refused"),
        "{error}"
    );
}

#[tokio::test]
async fn a_family_that_the_name_has_no_address_of_is_told() {
    let (_simulator, mut settings, _authority) = world("http://unused").await;
    settings.proxy = None;
    settings.base_url = settings.base_url.map(|url| url.replace("localhost", "127.0.0.1"));
    settings.family = Family::V6;
    let error = refusal(&settings).await;
    assert!(
        error.detail.contains("no address that may be connected to"),
        "{error}"
    );
    settings.family = Family::V4;
    assert!(first(&settings).await.starts_with(b"{\"data\""));
}
