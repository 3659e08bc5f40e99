//! Servers that speak TLS alone, with certificates made for the test.

use crate::{RedisServer, file};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// A server that speaks TLS alone. Its authority's certificate is `ca.pem` in its folder, another
/// authority's `other.pem`, and a client's `client.pem` and `client.key`.
pub struct TlsServer {
    /// The server.
    pub server: RedisServer,
}

impl TlsServer {
    /// Starts one; whether it wants clients to have a certificate, too.
    #[must_use]
    pub fn start(clients_sign: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let (ca, issuer) = authority();
        let (other, _) = authority();
        file(&folder, "ca.pem", &ca);
        file(&folder, "other.pem", &other);
        for name in ["server", "client"] {
            let key = KeyPair::generate().unwrap();
            let names = vec!["localhost".into(), "127.0.0.1".into()];
            let mut params = CertificateParams::new(names).unwrap();
            // Without a name of its own it would look as if it had signed itself.
            params.distinguished_name.push(DnType::CommonName, name);
            let certificate = params.signed_by(&key, &issuer).unwrap();
            file(&folder, &format!("{name}.pem"), &certificate.pem());
            file(&folder, &format!("{name}.key"), &key.serialize_pem());
        }
        let clients = if clients_sign { "yes" } else { "no" };
        let server = RedisServer::in_folder(
            folder,
            &[
                "--port",
                "0",
                "--tls-port",
                "PORT",
                "--tls-cert-file",
                "server.pem",
                "--tls-key-file",
                "server.key",
                "--tls-ca-cert-file",
                "ca.pem",
                "--tls-auth-clients",
                clients,
                "--save",
                "",
            ],
        );
        Self { server }
    }

    /// What chatter calls it, with the name of the authority's file.
    #[must_use]
    pub fn url(&self, ca: &str) -> String {
        let folder = self.server.folder().display();
        format!("rediss://{}?ca={folder}/{ca}", self.server.address())
    }

    /// The same with the client's certificate.
    #[must_use]
    pub fn signed_url(&self) -> String {
        let folder = self.server.folder().display();
        format!(
            "{}&cert={folder}/client.pem&key={folder}/client.key",
            self.url("ca.pem")
        )
    }
}

fn authority() -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    (certificate.pem(), Issuer::new(params, key))
}
