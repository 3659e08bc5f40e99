//! From an address to a connection: TCP, TLS, the handshake, and whether it is a server that serves.

use super::{
    fault::{Fault, FaultKind},
    server::{Address, Server, Tls},
};
use redis::{
    AsyncConnectionConfig, Cmd, ProtocolVersion, PushInfo, RedisConnectionInfo, Value,
    aio::MultiplexedConnection,
};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;
use std::{collections::HashMap, io::ErrorKind, path::Path, pin::Pin, sync::Arc, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsConnector;

/// How long all of it may take together.
pub(super) const DIAL: Duration = Duration::from_secs(3);

/// How long TLS alone may take of that.
const HANDSHAKE: Duration = Duration::from_millis(2_500);

/// The oldest version that has what the scripts and the sharded channels rest on.
const OLDEST: u32 = 7;

/// Requests that wait for the connection to take them; beyond that, senders wait.
const BUFFER: usize = 1024;

/// What is to be driven for a connection to work.
pub(super) type Driver = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Makes connections to the nodes of one server.
pub(super) struct Dialer {
    info: RedisConnectionInfo,
    tls: Option<TlsConnector>,
}

/// What a server says of itself.
#[derive(Clone, Debug, Default)]
pub(super) struct About {
    pub(super) version: String,
    pub(super) cluster: bool,
    /// What it may drop when its memory is full, if that could be something of ours.
    pub(super) evicts: Option<String>,
    /// How it keeps what it holds.
    pub(super) keeps: &'static str,
    /// Whether it has on disk what it answers to, as far as it tells.
    pub(super) keeps_all: bool,
}

impl Dialer {
    pub(super) fn new(server: &Server) -> Result<Self, Fault> {
        if let Some(variable) = server.unset() {
            // As `chatter` says it of every key that is missing.
            let words = format!(
                "the environment variable {variable}, which should hold Redis' password, is not set"
            );
            return Err(Fault::new(FaultKind::SignIn, words));
        }
        let mut info = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP3)
            .set_lib_name("chatter", env!("CARGO_PKG_VERSION"))
            .set_db(server.database);
        if let Some(user) = &server.user {
            info = info.set_username(user);
        }
        if let Some(password) = &server.password {
            info = info.set_password(password);
        }
        let tls = server.tls.as_ref().map(connector).transpose();
        let tls = tls.map_err(|why| Fault::new(FaultKind::Tls, format!("TLS for Redis: {why}")))?;
        Ok(Self { info, tls })
    }

    /// A connection, and what must be driven for it to work; without `heard` for commands alone.
    pub(super) async fn dial(
        &self,
        at: &Address,
        heard: Option<Box<dyn Fn(PushInfo) + Send + Sync>>,
    ) -> Result<(MultiplexedConnection, Driver), Fault> {
        let work = async {
            let stream = TcpStream::connect((at.host.as_str(), at.port))
                .await
                .map_err(|error| unreachable(at, &error))?;
            stream
                .set_nodelay(true)
                .map_err(|error| unreachable(at, &error))?;
            let mut config = AsyncConnectionConfig::new()
                .set_pipeline_buffer_size(BUFFER)
                // Whoever asks has a deadline, and is told the truth about it.
                .set_connection_timeout(None)
                .set_response_timeout(None);
            if let Some(heard) = heard {
                config = config.set_push_sender(move |info: PushInfo| {
                    heard(info);
                    Ok::<(), ()>(())
                });
            }
            let failed = |error| match Fault::of(at, &error) {
                fault if fault.kind == FaultKind::Cut => {
                    let words = format!(
                        "Redis at {at} ended the connection before it answered: is it Redis' port, and is TLS (rediss://) \
                         as it should be?"
                    );
                    Fault::new(FaultKind::Cut, words)
                }
                fault => fault,
            };
            let made: (MultiplexedConnection, Driver) = match &self.tls {
                None => {
                    let (connection, driver) =
                        MultiplexedConnection::new_with_config(&self.info, stream, config)
                            .await
                            .map_err(failed)?;
                    (connection, Box::pin(driver))
                }
                Some(tls) => {
                    let name = ServerName::try_from(at.host.clone()).map_err(|_| {
                        Fault::new(
                            FaultKind::Tls,
                            format!("{} is no name that a certificate could have", at.host),
                        )
                    })?;
                    let failed_tls = |why: &dyn std::fmt::Display| {
                        let words = format!(
                            "Redis at {at}: no TLS connection ({why}); does it speak TLS on that port, and is its certificate \
                             signed by an authority that is trusted (?ca=FILE names others)?"
                        );
                        Fault::new(FaultKind::Tls, words)
                    };
                    // A server without TLS waits for more of what it takes for a command.
                    let stream = timeout(HANDSHAKE, tls.connect(name, stream))
                        .await
                        .map_err(|_| failed_tls(&"it does not answer"))?
                        .map_err(|error| failed_tls(&error))?;
                    let (connection, driver) =
                        MultiplexedConnection::new_with_config(&self.info, stream, config)
                            .await
                            .map_err(failed)?;
                    (connection, Box::pin(driver))
                }
            };
            Ok(made)
        };
        timeout(DIAL, work)
            .await
            .unwrap_or_else(|_| Err(Fault::slow(at, DIAL)))
    }

    /// A connection to a server that serves, and what it says of itself.
    pub(super) async fn dial_checked(
        &self,
        at: &Address,
    ) -> Result<(MultiplexedConnection, Driver, About), Fault> {
        let (connection, mut driver) = self.dial(at, None).await?;
        let about = async {
            tokio::select! {
                about = about(at, connection.clone()) => about,
                () = &mut driver => Err(Fault::new(FaultKind::Cut, format!("Redis at {at} ended the connection"))),
            }
        };
        let about = timeout(DIAL, about)
            .await
            .unwrap_or_else(|_| Err(Fault::slow(at, DIAL)))?;
        Ok((connection, driver, about))
    }
}

/// Asks a server what it is, and refuses one that can't serve.
async fn about(at: &Address, mut connection: MultiplexedConnection) -> Result<About, Fault> {
    // With several sections at once it would be a request that older versions don't know.
    let value = ask(at, &mut connection, &redis::cmd("INFO")).await?;
    let text = text(&value).unwrap_or_default();
    let facts: HashMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .collect();
    let fact = |name: &str| facts.get(name).copied().unwrap_or_default();
    let version = fact("redis_version").to_owned();
    let major: u32 = version
        .split('.')
        .next()
        .and_then(|major| major.parse().ok())
        .unwrap_or(0);
    if major < OLDEST {
        let words = if version.is_empty() {
            format!("Redis at {at} does not tell its version: it is no Redis that chatter knows")
        } else {
            format!("Redis at {at} is version {version}, and chatter needs {OLDEST}.0 or newer")
        };
        return Err(Fault::new(FaultKind::Unfit, words));
    }
    if fact("loading") == "1" {
        let words = format!("Redis at {at} is loading its data, and answers when it has done that");
        return Err(Fault::new(FaultKind::Loading, words));
    }
    let cluster = fact("redis_mode") == "cluster";
    if fact("role") == "slave" && !cluster {
        let words = format!("Redis at {at} is a replica that can only be read: name its primary");
        return Err(Fault::new(FaultKind::ReadOnly, words));
    }
    let policy = fact("maxmemory_policy");
    let evicts = policy.starts_with("allkeys") && fact("maxmemory") != "0";
    // Users may be refused this; then nothing is known of it.
    let mut fsync = redis::cmd("CONFIG");
    fsync.arg("GET").arg("appendfsync");
    let fsync = ask(at, &mut connection, &fsync).await.ok();
    let always = match &fsync {
        Some(Value::Map(map)) => map.iter().any(|(_, how)| self::text(how) == Some("always")),
        Some(Value::Array(parts)) => parts.iter().any(|how| self::text(how) == Some("always")),
        _ => false,
    };
    let keeps_all = always && fact("aof_enabled") == "1";
    let keeps = match fact("aof_enabled") {
        "1" if keeps_all => "append-only file, written at once",
        "1" => "append-only file",
        _ => "snapshots at most",
    };
    may_speak(at, &mut connection).await?;
    Ok(About {
        version,
        cluster,
        evicts: evicts.then(|| policy.to_owned()),
        keeps,
        keeps_all,
    })
}

/// Refuses a user who may not say what rooms live by: scripts would find it out when they have done the
/// rest already.
async fn may_speak(at: &Address, connection: &mut MultiplexedConnection) -> Result<(), Fault> {
    for channel in ["chat.firehose:{}", "chatter.lines:{}"] {
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg("");
        ask(at, connection, &command).await?;
    }
    Ok(())
}

/// One question, without a deadline of its own.
pub(super) async fn ask(
    at: &Address,
    connection: &mut MultiplexedConnection,
    command: &Cmd,
) -> Result<Value, Fault> {
    connection
        .send_packed_command(command)
        .await
        .and_then(Value::extract_error)
        .map_err(|error| Fault::of(at, &error))
}

/// A value that is a text.
pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

fn unreachable(at: &Address, error: &std::io::Error) -> Fault {
    let why = match error.kind() {
        ErrorKind::ConnectionRefused => "nothing listens there".to_owned(),
        _ => error.to_string(),
    };
    Fault::new(
        FaultKind::Unreachable,
        format!("Redis at {at} can't be reached: {why}"),
    )
}

// === TLS ===

/// By rustls with ring, chosen here rather than for the whole process. Certificates are checked
/// against the system's authorities, or against those that the URL names and no other.
pub(super) fn connector(tls: &Tls) -> Result<TlsConnector, String> {
    let unfit = |error: rustls::Error| format!("there can be no TLS: {error}");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(unfit)?;
    let config = match &tls.ca {
        None => config.with_platform_verifier().map_err(unfit)?,
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(file, "ca")? {
                roots
                    .add(certificate)
                    .map_err(|error| wrong("ca", file, &error))?;
            }
            config.with_root_certificates(roots)
        }
    };
    let config = match &tls.client {
        None => config.with_no_client_auth(),
        Some((cert, key)) => {
            let private =
                PrivateKeyDer::from_pem_file(key).map_err(|error| wrong("key", key, &error))?;
            config
                .with_client_auth_cert(certificates(cert, "cert")?, private)
                .map_err(|error| wrong("cert", cert, &error))?
        }
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(file: &Path, option: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(certificates) if certificates.is_empty() => {
            Err(wrong(option, file, &"no certificate is in it"))
        }
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(wrong(option, file, &error)),
    }
}

fn wrong(option: &str, file: &Path, error: &dyn std::fmt::Display) -> String {
    format!("{option}={}: {error}", file.display())
}
