//! Redis over TLS, with an authority of one's own.

use std::net::TcpListener;
use std::path::Path;

use linkgate::adapters::redis::{RedisOptions, RedisStore};
use linkgate::ports::Upkeep;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::support::redis::RedisServer;

/// An authority, and in `folder` the certificate that it gave to 127.0.0.1.
fn authority(folder: &Path) -> String {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    std::fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    std::fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
    authority.pem()
}

/// Opens a TLS port with the certificate of `folder`.
async fn open_tls(server: &RedisServer, folder: &Path) -> u16 {
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
        config.arg("tls-auth-clients").arg("no").arg("tls-port").arg(port);
        match config.query_async::<()>(&mut admin).await {
            Ok(()) => return port,
            Err(error) => println!("port {port}: {error}"),
        }
    }
    panic!("redis-server opened no TLS port: these tests need one that was built with TLS");
}

#[tokio::test]
async fn only_the_named_authority_is_believed() {
    // The program does this when it starts; another test may have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (server, folder) = (RedisServer::start().await, tempfile::tempdir().unwrap());
    let ours = authority(folder.path());
    let stranger = authority(tempfile::tempdir().unwrap().path());
    let url = format!("rediss://127.0.0.1:{}", open_tls(&server, folder.path()).await);
    let store = |ca: Option<&String>| {
        let options = RedisOptions { ca: ca.map(|pem| pem.clone().into_bytes()), keeping: None };
        RedisStore::new(&url, "tls", options).unwrap()
    };
    store(Some(&ours)).ping().await.expect("the server shows the right certificate");
    store(Some(&stranger)).ping().await.expect_err("signed by somebody else");
    store(None).ping().await.expect_err("signed by nobody well-known");
}
