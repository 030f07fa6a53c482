//! What the configuration says of the wire is what goes over it, with the real binary against a server and a proxy written by hand.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use simulator::{
    Absence, At, Chunking, Compression, Cut, Fault, FaultPlan, Moment, Settings, Simulator, Step,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::support::{Daemon, PATIENCE, file_sink, lane_lines, stream};

async fn head(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

/// Takes one connection, tells the head of its request, answers with `answer`, and leads on to `to`, or nowhere.
async fn once(answer: &'static str, to: Option<SocketAddr>) -> (SocketAddr, oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = oneshot::channel();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        tell.send(head(&mut socket).await).unwrap();
        socket.write_all(answer.as_bytes()).await.unwrap();
        match to {
            Some(to) => {
                let mut server = TcpStream::connect(to).await.unwrap();
                drop(copy_bidirectional(&mut socket, &mut server).await);
            }
            None => drop(socket.read_to_end(&mut Vec::new()).await),
        }
    });
    (address, told)
}

async fn asked(told: oneshot::Receiver<String>) -> String {
    tokio::time::timeout(PATIENCE, told).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_asks_for_what_the_configuration_says() {
    let stream = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    for (keys, accepts) in [("compression = \"off\"", "identity"), ("ip = \"4\"", "gzip")] {
        let (address, told) = once(stream, None).await;
        let dir = tempfile::tempdir().unwrap();
        let config = format!(
            "[stream]\nbase_url = \"http://{address}\"\nendpoint = \"sample10\"\npartition = 2\nbackfill = 3\n\
             user_agent = \"acme/1.0\"\n{keys}\n[stream.fields]\ntweet = [\"lang\"]\n{}",
            file_sink(dir.path())
        );
        let daemon = Daemon::start(dir.path(), &config);
        let head = asked(told).await;
        let path = "/2/tweets/sample10/stream?tweet.fields=lang&backfill_minutes=3&partition=2";
        assert!(head.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{head}");
        let agent = format!(
            "\r\nuser-agent: birdfeed/{} acme/1.0\r\n",
            env!("CARGO_PKG_VERSION")
        );
        assert!(head.contains(&agent), "{head}");
        assert!(
            head.contains(&format!("\r\naccept-encoding: {accepts}\r\n")),
            "{head}"
        );
        daemon.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ip_version_that_the_host_has_no_address_of_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let config = format!(
        "[stream]\nbase_url = \"http://127.0.0.1:1\"\nip = \"6\"\n{}",
        file_sink(dir.path())
    );
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_for("the error", PATIENCE, |daemon| {
        let status = daemon.status();
        let error = status["stream"]["last_error"].as_str()?;
        error
            .contains("no address that may be connected to")
            .then_some(())
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_come_through_a_proxy_with_a_password_from_a_server_of_a_private_authority() {
    let world = simulator::Settings {
        tls: true,
        posts: Some(20),
        ..simulator::Settings::default()
    };
    let simulator = simulator::Simulator::start(world).await.unwrap();
    let (proxy, told) = once("HTTP/1.1 200 Go\r\n\r\n", Some(simulator.addr())).await;
    let dir = tempfile::tempdir().unwrap();
    let (ca, url) = (dir.path().join("ca.pem"), dir.path().join("proxy-url"));
    std::fs::write(&ca, simulator.ca_pem().unwrap()).unwrap();
    std::fs::write(&url, format!("http://bird:s3%40cret@{proxy}\n")).unwrap();
    let target = format!("localhost:{}", simulator.addr().port());
    let config = format!(
        "[stream]\nbase_url = \"https://{target}\"\nca_file = {ca:?}\nproxy_file = {url:?}\n{}",
        file_sink(dir.path())
    );
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_delivered(20, PATIENCE);
    let head = asked(told).await;
    assert!(
        head.starts_with(&format!("CONNECT {target} HTTP/1.1\r\n")),
        "{head}"
    );
    assert!(
        head.contains("\r\nproxy-authorization: Basic YmlyZDpzM0BjcmV0\r\n"),
        "{head}"
    );
    let log = daemon.log();
    assert!(log.contains(&format!("{target} through http://{proxy}")), "{log}");
    assert!(!log.contains("s3@cret") && !log.contains("s3%40cret"), "{log}");
    assert!(daemon.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_compressed_is_delivered_byte_for_byte_through_breaks() {
    let breaks = [Fault::Reset, Fault::Cut(Cut::Chunk), Fault::CleanEnd];
    let step = |(at, fault)| Step {
        at: At::connection(at),
        moment: Moment::AfterPosts(100),
        fault,
    };
    let simulator = Simulator::start(Settings {
        rate: 500.0,
        compression: Compression::Gzip,
        posts: Some(400),
        chunking: Chunking::Random,
        absence: Absence::GoesOn,
        backfill_allowed: true,
        faults: FaultPlan::new((1..).zip(breaks).map(step)),
        ..Settings::default()
    });
    let simulator = simulator.await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = stream(&simulator) + "endpoint = \"sample\"\n" + &file_sink(dir.path());
    let mut daemon = Daemon::start(dir.path(), &config);
    daemon.wait_for("all posts", PATIENCE, |_| {
        (lane_lines(dir.path(), "tweets").len() == 400).then_some(())
    });
    assert!(daemon.terminate().success());
    let sent: BTreeSet<_> = simulator
        .ledger()
        .posts()
        .iter()
        .map(|post| post.data().to_vec())
        .collect();
    let delivered: BTreeSet<_> = lane_lines(dir.path(), "tweets").into_iter().collect();
    assert!(sent == delivered);
}
