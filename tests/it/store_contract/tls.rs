//! Redis over TLS, with an authority of one's own and clients that must show a certificate.

use std::cell::Cell;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use linkgate::adapters::redis::{RedisIdentity, RedisOptions, RedisServers, RedisStore};
use linkgate::ports::Upkeep;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};

use super::every_law_holds;
use super::world::World;
use crate::support::gate::{Gate, free_port};
use crate::support::redis::{RedisServer, fresh_prefix};
use crate::support::redis_fleets::Cluster;
use crate::support::stores::Kind;

const DOCUMENTED: &str = include_str!("../../../docs/redis.md");

/// An authority, and the client that it knows.
struct Authority {
    pem: Vec<u8>,
    client: RedisIdentity,
}

/// An authority, and in `folder` the certificate that it gave to 127.0.0.1.
fn authority(folder: &Path) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL takes a certificate for its own authority if both have one name.
    params.distinguished_name.push(DnType::CommonName, "authority");
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let certify = |name: &str, purposes: Vec<ExtendedKeyUsagePurpose>| {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = purposes;
        (params.signed_by(&key, &authority).unwrap().pem(), key.serialize_pem())
    };
    let (serves, asks) = (ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth);
    // The nodes of a Cluster ask each other.
    let (certificate, key) = certify("127.0.0.1", vec![serves, asks.clone()]);
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate).unwrap();
    std::fs::write(folder.join("key.pem"), key).unwrap();
    let (certificate, key) = certify("linkgate", vec![asks]);
    let client = RedisIdentity { certificate: certificate.into(), key: key.into() };
    Authority { pem: authority.pem().into(), client }
}

/// Opens a TLS port with the certificate of `folder`.
async fn open_tls(server: &RedisServer, folder: &Path, asks_clients: bool) -> u16 {
    let mut admin = server.connection().await.unwrap();
    for _ in 0..20 {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut config = redis::cmd("CONFIG");
        config.arg("SET");
        for (key, file) in [
            ("tls-cert-file", "cert.pem"),
            ("tls-key-file", "key.pem"),
            ("tls-ca-cert-file", "ca.pem"),
        ] {
            config.arg(key).arg(folder.join(file).to_str().unwrap());
        }
        let clients = if asks_clients { "yes" } else { "no" };
        config.arg("tls-auth-clients").arg(clients).arg("tls-port").arg(port);
        match config.query_async::<()>(&mut admin).await {
            Ok(()) => return port,
            Err(error) => println!("port {port}: {error}"),
        }
    }
    panic!("redis-server opened no TLS port: these tests need one that was built with TLS");
}

fn install_provider() {
    // The program does this when it starts; another test may have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[tokio::test]
async fn only_the_named_authority_is_believed() {
    install_provider();
    let (server, folder) = (RedisServer::start().await, tempfile::tempdir().unwrap());
    let ours = authority(folder.path()).pem;
    let stranger = authority(tempfile::tempdir().unwrap().path()).pem;
    let url = format!("rediss://127.0.0.1:{}", open_tls(&server, folder.path(), false).await);
    let store = |ca: Option<&Vec<u8>>| {
        let options = RedisOptions { ca: ca.cloned(), ..RedisOptions::default() };
        RedisStore::new(&url, "tls", options).unwrap()
    };
    store(Some(&ours)).ping().await.expect("the server shows the right certificate");
    store(Some(&stranger)).ping().await.expect_err("signed by somebody else");
    store(None).ping().await.expect_err("signed by nobody well-known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_law_holds_where_clients_show_certificates() {
    install_provider();
    let (server, folder) = (Arc::new(RedisServer::start().await), tempfile::tempdir().unwrap());
    let ours = authority(folder.path());
    let stranger = authority(tempfile::tempdir().unwrap().path());
    let url = format!("rediss://127.0.0.1:{}", open_tls(&server, folder.path(), true).await);
    let store = |prefix: &str, identity: Option<&RedisIdentity>| {
        let (ca, identity) = (Some(ours.pem.clone()), identity.cloned());
        let options = RedisOptions { ca, identity, ..RedisOptions::default() };
        RedisStore::open(&RedisServers::One(&url), prefix, &options).unwrap()
    };
    store("tls", None).ping().await.expect_err("a client without a certificate");
    store("tls", Some(&stranger.client)).ping().await.expect_err("a certificate of another");
    let mixed = RedisIdentity { key: stranger.client.key, ..ours.client.clone() };
    store("tls", Some(&mixed)).ping().await.expect_err("the key of another");
    every_law_holds(|| {
        let prefix = fresh_prefix();
        World::over(store(&prefix, Some(&ours.client)), Arc::clone(&server), prefix)
    })
    .await;
}

/// Nodes name each other's TLS ports to whoever comes by TLS, and speak it among themselves.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_law_holds_in_a_cluster_that_is_reached_by_tls() {
    install_provider();
    let folder = tempfile::tempdir().unwrap();
    let ours = authority(folder.path());
    let path = |name: &str| folder.path().join(name).display().to_string();
    let cluster = Cluster::start_with(60_000, || {
        [
            ("--tls-port", free_port().to_string()),
            ("--tls-cluster", "yes".to_owned()),
            ("--tls-replication", "yes".to_owned()),
            ("--tls-auth-clients", "no".to_owned()),
            ("--tls-cert-file", path("cert.pem")),
            ("--tls-key-file", path("key.pem")),
            ("--tls-ca-cert-file", path("ca.pem")),
        ]
        .into_iter()
        .flat_map(|(key, value)| [key.to_owned(), value])
        .collect()
    })
    .await;
    let mut urls = Vec::new();
    for node in [&cluster.nodes[5], &cluster.nodes[0]] {
        let port: Vec<String> = node.ask(&["CONFIG", "GET", "tls-port"]).await.unwrap();
        urls.push(format!("rediss://127.0.0.1:{}", port[1]));
    }
    let servers = RedisServers::Cluster(urls.iter().map(String::as_str).collect());
    let mut owners = Vec::new();
    for _ in 0..128 {
        let prefix = fresh_prefix();
        owners.push((cluster.owner(&format!("{{{prefix}}}:x")).await, prefix));
    }
    let owners = std::sync::Mutex::new(owners);
    every_law_holds(|| {
        let (owner, prefix) = owners.lock().unwrap().pop().expect("one more");
        let options = RedisOptions { ca: Some(ours.pem.clone()), ..RedisOptions::default() };
        let store = RedisStore::open(&servers, &prefix, &options).unwrap();
        World::over(store, owner, format!("{{{prefix}}}"))
    })
    .await;
}

/// Everything at once, from the configuration file: Sentinels with a login of their own, TLS to them
/// and to the server they name, and both ask who we are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_leads_there_through_sentinels_that_want_a_login() {
    let (server, folder) = (RedisServer::start().await, tempfile::tempdir().unwrap());
    let client = authority(folder.path()).client;
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("client.pem"), client.certificate).unwrap();
    std::fs::write(path("client.key"), client.key).unwrap();
    let master = open_tls(&server, folder.path(), true).await;
    let port = Cell::new(0);
    let sentinel = RedisServer::start_with(|_| {
        port.set(free_port());
        std::fs::write(
            path("sentinel.conf"),
            format!(
                "sentinel monitor main 127.0.0.1 {master} 1\n\
                 tls-port {}\ntls-replication yes\ntls-auth-clients yes\ntls-ca-cert-file {}\n\
                 tls-cert-file {}\ntls-key-file {}\n",
                port.get(),
                path("ca.pem"),
                path("cert.pem"),
                path("key.pem"),
            ),
        )
        .unwrap();
        vec![path("sentinel.conf"), "--sentinel".to_owned()]
    })
    .await;
    let line = "ACL SETUSER watcher on >look-but-do-not-touch -@all";
    let mut user: Vec<&str> = line.split(' ').collect();
    user.extend(sentinel_commands());
    sentinel.ask::<()>(&user).await.expect("the documented commands are understood");
    sentinel.ask::<()>(&["ACL", "SETUSER", "default", "off"]).await.expect("nobody else");

    let url = format!("rediss+sentinel://127.0.0.1:{}/main", port.get());
    let mut wishes = Kind::at(&url).wishes();
    let keys = format!(
        "ca: \"{}\", certificate: \"{}\", key: \"{}\", \
         sentinel: {{ username: watcher, password: {{ env: WATCHER }} }}, url:",
        path("ca.pem"),
        path("client.pem"),
        path("client.key"),
    );
    wishes.store = wishes.store.replace("url:", &keys);
    wishes.environment.push(("WATCHER".to_owned(), "look-but-do-not-touch".to_owned()));
    let gate = Gate::with(wishes).await;
    let mut browser = gate.browser();
    assert_eq!(gate.sign_in(&mut browser, "ann@example.com", "/").await.status, 303);
    assert_eq!(browser.get("/me").await.status, 200);
    assert!(!gate.whole_log().await.contains("look-but"));
}

/// What docs/redis.md says that a user of Sentinel needs.
fn sentinel_commands() -> impl Iterator<Item = &'static str> {
    let line = DOCUMENTED.lines().find(|line| line.contains("`+hello +sentinel|")).unwrap();
    line.split('`').nth(1).unwrap().split(' ')
}
