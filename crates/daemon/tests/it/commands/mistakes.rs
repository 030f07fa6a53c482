//! Every mistake at once, each where it stands and with what to do.

use super::{check, end};
use crate::support::birdfeed;

#[test]
fn five_mistakes_are_five_messages() {
    let dir = tempfile::tempdir().unwrap();
    let toml = "[stream]\nendpont = \"sample\"\nmax_retries = true\n\n[stream.fields]\ntweet = [\n  \"create_at\",\n]\n\n\
                [journal]\nmax_bytes = \"8 gigs\"\n";
    std::fs::write(dir.path().join("birdfeed.toml"), toml).unwrap();
    for command in ["check", "run"] {
        let ended = end(birdfeed()
            .current_dir(dir.path())
            .args([command, "--config", "birdfeed.toml"]));
        ended.expect(
            64,
            &[
                "birdfeed.toml:2:1: stream.endpont: is not a known key\n    did you mean endpoint?\n",
                "birdfeed.toml:3:1: stream.max_retries: wants a number or \"unlimited\", not true or false\n",
                "birdfeed.toml:7:3: stream.fields.tweet: \"create_at\" is not known\n    did you mean \"created_at\"?\n",
                "birdfeed.toml:11:1: journal.max_bytes: \"8 gigs\": ",
                "birdfeed.toml:1:2: stream.bearer_token_file: is missing\n    name a file with the bearer token, or set X_",
                "\n5 problems in the configuration\n",
            ],
        );
    }
}

#[test]
fn the_place_is_shown_and_no_value() {
    let dir = tempfile::tempdir().unwrap();
    let ended = check(
        dir.path(),
        "[stream]\nendpont = \"s3cret\" # s3cret\nmax_retries = true\n",
    );
    ended.expect(
        64,
        &[
            "    did you mean endpoint?\n    2 | endpont = … \n      | ^^^^^^^\n",
            "    3 | max_retries = true\n      | ^^^^^^^^^^^\n",
        ],
    );
    let ended = check(
        dir.path(),
        "[stream]\nname = s3cret\nendpoint = \"sample\"\n[log\nlevel = \"info\"\n",
    );
    ended.expect(
        64,
        &[
            "birdfeed.toml:2:8: not TOML: ",
            "    2 | name = …\n      |        ^\n",
            "birdfeed.toml:4:5: not TOML: ",
            "    4 | [log\n      |     ^\n",
            "2 problems in the configuration\n",
        ],
    );
    assert!(!ended.err.contains("s3cret"), "{ended:#?}");
    // One slip, of which much follows: told once a line.
    let ended = check(dir.path(), "a = [1,\n2\n[stream]\nname = \"x\n");
    ended.expect(
        64,
        &[
            "birdfeed.toml:3:1: not TOML: ",
            "2 problems in the configuration\n",
        ],
    );
}

#[test]
fn everything_that_is_wrong_with_the_way_to_x_is_told_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let toml = "[stream]\nbase_url = \"ftp://x\"\nuser_agent = \"a\\u0001b\"\nca_file = \"/none\"\nproxy = \"ftp://x\"\n";
    let parts = ["base_url: ", "user_agent: ", "ca_file: ", "proxy: "].map(|key| format!(": stream.{key}"));
    let parts: Vec<_> = parts.iter().map(String::as_str).collect();
    check(dir.path(), toml).expect(64, &parts);
    check(dir.path(), toml).expect(64, &["\n4 problems in the configuration\n"]);
}

/// One mistake each: the text, and what must be said of it.
const SINGLE: &[(&str, &str)] = &[
    (
        "[stream]\nproxy = \"http://bird:s3cret@proxy\"",
        "birdfeed.toml:2:1: stream.proxy: holds a password, or a user's name\n    put the URL into a file",
    ),
    (
        "[stream]\nproxy = \"socks4://proxy\"",
        "birdfeed.toml:2:1: stream.proxy: the scheme must be http, https, socks5 or socks5h\n",
    ),
    (
        "[stream]\nproxy = \"http://proxy:x\"",
        "birdfeed.toml:2:1: stream.proxy: not of the form http://host:port, with user:password@",
    ),
    (
        "[stream]\nproxy_file = \"/none\"\n",
        "birdfeed.toml:2:1: stream.proxy_file: /none cannot be read: ",
    ),
    (
        "[stream]\nproxy = \"off\"\nproxy_file = \"/none\"",
        "stream.proxy: stands beside a proxy_file\n",
    ),
    (
        "[stream]\nbase_url = \"http://localhost:1\"\nproxy = \"http://proxy\"",
        "stream.proxy: plain http goes to this machine, and straight there\n",
    ),
    (
        "[stream]\nuser_agent = \"acme\\n\"",
        "birdfeed.toml:2:1: stream.user_agent: ",
    ),
    ("[stream]\nhttp = 2", "birdfeed.toml:2:1: stream.http: "),
    (
        "[stream]\nusage_every = \"5s\"",
        "birdfeed.toml:2:1: stream.usage_every: \"5s\": must be 20s at least, or \"off\"\n    for example usage_every = \"1h\"\n",
    ),
    (
        "[stream]\ntoo_many_connections = \"kill\"",
        "birdfeed.toml:2:1: stream.too_many_connections: \"kill\" is not known\n    one of: wait, close\n",
    ),
    (
        "[stream]\nendpoint = \"activity\"\ntoo_many_connections = \"close\"",
        "birdfeed.toml:3:1: stream.too_many_connections: X's Connections API does not know the activity stream\n    write \"wait\"\n",
    ),
    (
        "[stream]\nendpoint = \"sample10\"\npartition = 1\ntoo_many_connections = \"close\"",
        "stream.too_many_connections: X does not tell the partitions apart, and all would be closed, of the sample10 stream\n",
    ),
    (
        "[stream]\nendpoint = \"firehose-en\"",
        "birdfeed.toml:1:2: stream.partition: is needed: the firehose-en stream comes in 8 partitions\n    one process each",
    ),
    (
        "[stream]\nendpoint = \"sample10\"\npartition = 3",
        "birdfeed.toml:3:1: stream.partition: ",
    ),
    (
        "[stream]\nendpoint = \"sample10\"\npartition = \"first\"",
        "birdfeed.toml:3:1: stream.partition: ",
    ),
    (
        "[stream]\nendpoint = \"labels\"\npartition = 1",
        "birdfeed.toml:3:1: stream.partition: the labels stream has no partitions\n    leave it out\n",
    ),
    (
        "[stream]\nendpoint = \"labels\"\nbackfill = 6",
        "birdfeed.toml:3:1: stream.backfill: ",
    ),
    (
        "[stream]\nendpoint = \"labels\"\n[stream.fields]\ntweet = [\"created_at\"]",
        "birdfeed.toml:4:1: stream.fields.tweet: is not a known key",
    ),
    (
        "[stream]\nendpoint = \"sample10\"\npartition = 1\n[stream.fields]\nlike = [\"id\"]",
        "birdfeed.toml:5:1: stream.fields.like: is not a known key",
    ),
    (
        "[lanes.tweets]\non_stuck = \"drop-oldest\"",
        "birdfeed.toml:2:1: lanes.tweets.on_stuck: \"drop-oldest\" needs a bound\n    for example keep = \"24h\" or keep",
    ),
    (
        "[lanes.tweets]\nkeep = \"1GiB\"",
        "birdfeed.toml:2:1: lanes.tweets.keep: nothing is dropped\n    on_stuck = \"drop-oldest\"",
    ),
    (
        "[lanes.tweets]\non_stuck = \"drop-oldest\"\nkeep = \"a while\"",
        "birdfeed.toml:3:1: lanes.tweets.keep: \"a while\": neither a time of a second at least nor a size",
    ),
    (
        "[lanes.tweet]\non_stuck = \"hold\"",
        "lanes.tweet: is not a known key\n    did you mean tweets?",
    ),
    (
        "[stream]\nbase_url = \"ftp://x\"",
        "birdfeed.toml:2:1: stream.base_url: ",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl_file = \"/none\"\nexchange = \"x\"\ndeclare = true\nheaders = \"minimal\"",
        "birdfeed.toml:3:1: sink.0.url_file: /none cannot be read: ",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqp://localhost\"\nurl_file = \"url\"",
        "birdfeed.toml:4:1: sink.0.url_file: stands beside a url\n    leave one of them out\n",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\ndeclare = true\nurl = \"http://bird:s3cret@host\"",
        "birdfeed.toml:4:1: sink.0.url: must start with amqp:// or amqps://\n",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqp://localhost\"\nca_file = \"ca.pem\"",
        "birdfeed.toml:4:1: sink.0.ca_file: is for amqps:// only",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqps://localhost\"\ncert_file = \"bird.pem\"",
        "birdfeed.toml:4:1: sink.0.cert_file: wants its private key: name it in key_file",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqps://localhost\"\nkey_file = \"bird.key\"",
        "birdfeed.toml:4:1: sink.0.key_file: wants its certificate",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqps://localhost?auth_mechanism=external\"",
        "birdfeed.toml:1:1: sink.0.cert_file: is missing: auth_mechanism=external",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqp://localhost?connection_timeout=0\"",
        "birdfeed.toml:3:1: sink.0.url: has a connection_timeout that is no number of milliseconds",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqp://localhost?channel_max=1\"",
        "birdfeed.toml:3:1: sink.0.url: has a channel_max that is no number from 1",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqp://bird:p@ss/w#rd@localhost\"",
        "sink.0.url: has a character that ends user and password early: in them (and in a virtual host) write / as %2F, # as %23, @ as %40\n",
    ),
    (
        "[[sink]]\ntype = \"file\"\ndir = \"\"",
        "birdfeed.toml:3:1: sink.0.dir: names no folder",
    ),
    (
        "[[sink]]\ntype = \"amqp\"",
        "birdfeed.toml:1:1: sink.0.url: is missing\n    for example url = ",
    ),
    (
        "[[sink]]\ntype = \"kafka\"\nbootstrap_servers = 9092",
        "birdfeed.toml:3:1: sink.0.bootstrap_servers: wants \"text\", not a number\n",
    ),
    (
        "[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"a:1,,b:1\"",
        "birdfeed.toml:3:1: sink.0.bootstrap_servers: wants host:port",
    ),
    (
        "[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"a:1\"\n[sink.properties]\n\"linger.ms\" = 5\nacks = 1",
        "birdfeed.toml:6:1: sink.0.properties.\"acks\": ",
    ),
    (
        "[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"a:1\"\n[sink.properties]\nlinger.ms = 5",
        "birdfeed.toml:5:1: sink.0.properties.linger: wants a string, not a table\n    a name with dots needs quotes: \"linger.ms\"\n",
    ),
    (
        "[[sink]]\ntype = \"file\"\ndir = \"a\"\n[[sink]]\ntype = \"file\"\ndir = \"a\"",
        "birdfeed.toml:6:1: sink.1.dir: a is an earlier sink's folder\n",
    ),
    (
        "[[sink]]\ntype = \"file\"\ndir = \"./a\"\n[[sink]]\ntype = \"file\"\ndir = \"b/../a/\"",
        "birdfeed.toml:6:1: sink.1.dir: b/../a/ is an earlier sink's folder\n    give each its own\n",
    ),
    (
        "[journal]\ndir = \"data\"\n[[sink]]\ntype = \"file\"\ndir = \"data/lanes\"",
        "birdfeed.toml:5:1: sink.0.dir: data/lanes lies in the journal's folder\n",
    ),
    (
        "[journal]\ndir = \"data/journal\"\n[[sink]]\ntype = \"file\"\ndir = \"data\"",
        "birdfeed.toml:5:1: sink.0.dir: data holds the journal's folder\n",
    ),
    (
        "[journal]\ndir = \"birdfeed-data/lanes\"",
        "birdfeed.toml:1:2: journal: the files of lanes go to ./birdfeed-data/lanes, and ./birdfeed-data/lanes is the journal's folder\n",
    ),
    (
        "[[sink]]\ntype = \"file\"\nrotate_every = \"0s\"",
        "birdfeed.toml:3:1: sink.0.rotate_every: \"0s\": must be a second at least\n",
    ),
    (
        "[[sink]]\ntype = \"file\"\nrotate_bytes = \"0MiB\"",
        "birdfeed.toml:3:1: sink.0.rotate_bytes: \"0MiB\": must be more than nothing\n",
    ),
    (
        "[[sink]]\ntype = \"amqp\"\nurl = \"amqp://localhost\"\nverify_bytes = \"1KiB\"",
        "birdfeed.toml:4:1: sink.0.verify_bytes: \"1KiB\": a stream keeps 1MiB at least",
    ),
    (
        "[[sink]]\ntype = \"file\"\nenvelope = \"yes\"",
        "birdfeed.toml:3:1: sink.0.envelope: ",
    ),
    (
        "[stream]\nname = \"a\\nb\"",
        "birdfeed.toml:2:1: stream.name: \"a\\nb\": holds a line break or another control character\n",
    ),
    (
        "[stream]\nname = \"\"",
        "birdfeed.toml:2:1: stream.name: \"\": names nothing\n",
    ),
    (
        "[[sink]]\ntype = \"file\"\nname = \"a\\nb\"",
        "birdfeed.toml:3:1: sink.0.name: \"a\\nb\" is no name\n",
    ),
    ("[[sink]]\ntype = \"rabbitmq\"", "    one of: kafka, amqp, file\n"),
    (
        "[[sink]]\nname = \"a\"",
        "birdfeed.toml:1:1: sink.0.type: is missing\n",
    ),
    (
        "[lanes]\nenabled = []",
        "birdfeed.toml:2:1: lanes.enabled: names no lane\n    at least one of: tweets, includes, ",
    ),
    (
        "[lanes]\nprefix = \"x/\"\n[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"a:1\"",
        "birdfeed.toml:2:1: lanes.prefix: \"x/\": a topic's name has only letters",
    ),
    (
        "[rules]\nmode = \"aply\"",
        "birdfeed.toml:2:1: rules.mode: \"aply\" is not known\n    one of: off, check, apply\n",
    ),
    (
        "[journal]\nmax_bytes = 1000",
        "birdfeed.toml:2:1: journal.max_bytes: wants \"8GiB\", not a number\n    write max_bytes = \"8GiB\"\n",
    ),
    (
        "[log]\nlevel = \"warning\"",
        "birdfeed.toml:2:1: log.level: \"warning\": \"warning\" is no level: did you mean warn?\n",
    ),
    ("[stream\n", "birdfeed.toml:1:8: not TOML: "),
];

#[test]
fn one_mistake_is_one_message() {
    let dir = tempfile::tempdir().unwrap();
    for (toml, message) in SINGLE {
        let ended = check(dir.path(), toml);
        ended.expect(64, &[message, "1 problem in the configuration\n"]);
        assert!(!ended.err.contains("s3cret"), "{ended:?}");
    }
}

#[test]
fn a_variable_is_named_by_its_mistake() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = birdfeed();
    command.current_dir(dir.path()).arg("check");
    command.env("X_BEARER_TOKEN", "two words");
    command.env("BIRDFEED__JOURNAL__DURABILTY", "strict");
    command.env("BIRDFEED__SINK__1__TYPE", "file");
    end(&mut command).expect(
        64,
        &[
            "environment X_BEARER_TOKEN: stream.bearer_token_file: ",
            "environment BIRDFEED__JOURNAL__DURABILTY: journal.durabilty: is not a known key\n    did you mean durability?",
            "environment BIRDFEED__SINK__1__TYPE: sink.1.type: the entries of a list are numbered from 0 on, without a gap",
            "3 problems in the configuration\n",
        ],
    );
}

#[test]
fn what_docker_and_haste_make_of_variables_is_pointed_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = birdfeed();
    command.current_dir(dir.path()).arg("check");
    command.env("X_BEARER_TOKEN", "\"s3cret\"");
    command.env("BIRDFEED__STREAM__NAME", "\"news\"");
    command.env("BIRDFEED_STREAM__ENDPOINT", "sample");
    let ended = end(&mut command);
    ended.expect(
        64,
        &[
            "environment X_BEARER_TOKEN: stream.bearer_token_file: the bearer token has quotes around it",
            "environment BIRDFEED__STREAM__NAME: stream.name: stands in quotes",
            "environment BIRDFEED_STREAM__ENDPOINT: sets nothing: two underscores join the parts of a name\n    \
             did you mean BIRDFEED__STREAM__ENDPOINT?\n",
            "3 problems in the configuration\n",
        ],
    );
    assert!(!ended.err.contains("s3cret"), "{ended:#?}");
}

#[test]
fn files_with_a_byte_order_mark_are_read_and_pipes_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("kafka.properties"),
        "\u{feff}# linger\nlinger.ms=5\n",
    )
    .unwrap();
    let kafka = "\u{feff}[[sink]]\ntype = \"kafka\"\nbootstrap_servers = \"a:1\"\nproperties_file = \"kafka.properties\"\n";
    check(dir.path(), kafka).expect(0, &[]);
    let pipe = dir.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let token = "[stream]\nbearer_token_file = \"pipe\"\n";
    let url = "[[sink]]\ntype = \"amqp\"\nurl_file = \"pipe\"\n";
    check(dir.path(), &[token, url].concat()).expect(
        64,
        &[
            "birdfeed.toml:2:1: stream.bearer_token_file: token file pipe: is a pipe",
            "birdfeed.toml:5:1: sink.0.url_file: pipe cannot be read: it is no file\n",
            "2 problems in the configuration\n",
        ],
    );
    check(dir.path(), "[stream]\nca_file = \"pipe\"\n").expect(64, &["ca_file pipe: is no file"]);
}

#[test]
fn eleven_sinks_can_be_set_by_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = birdfeed();
    command.current_dir(dir.path()).arg("check");
    command.env("X_BEARER_TOKEN", "secret-token");
    for at in 0..11 {
        command.env(format!("BIRDFEED__SINK__{at}__TYPE"), "file");
        command.env(format!("BIRDFEED__SINK__{at}__DIR"), format!("lanes-{at}"));
    }
    end(&mut command).expect(0, &[]);
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    for args in [
        &["demo", "--for", "soon"][..],
        &["demo", "--for", "0s"],
        &["demo", "--rate", "0"],
        &["demo", "--rate", "150001", "--dir", "/proc/none"],
        &["status", "--address", "localhost"],
        &["simulate", "--rate", "-1"],
        &["simulate", "--fault", "/none"],
        &["run", "--config", "/none"],
        &["flap"],
        &[],
    ] {
        let ended = end(birdfeed().args(args));
        assert_eq!(ended.code, Some(64), "{args:?}: {ended:#?}");
    }
}
