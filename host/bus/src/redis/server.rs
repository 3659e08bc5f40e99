//! Which Redis, and how it is reached: a URL.

use super::dial::connector;
use std::{env, fmt, path::PathBuf, str::FromStr};
use url::{Host, Url};

/// What a URL begins with, whether there is TLS, and whether it is said to be a cluster.
const SCHEMES: [(&str, bool, bool); 4] = [
    ("redis", false, false),
    ("rediss", true, false),
    ("redis+cluster", false, true),
    ("rediss+cluster", true, true),
];

const DEFAULT_PORT: u16 = 6379;

/// How a URL looks, for people.
const FORM: &str = "redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]";

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address {
    /// A name or a number; that of IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A Redis server or cluster, and how to sign in there. It is read from a URL:
///
/// ```text
/// redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE]    rediss:// with TLS
/// redis+cluster://HOST:PORT?node=HOST:PORT            a cluster, by some of its nodes
/// ?password_env=NAME      the environment variable that holds the password
/// ?ca=FILE                with TLS: trust these authorities, and no other
/// ?cert=FILE&key=FILE     with TLS: how to prove who one is
/// ```
///
/// Neither its `Debug` nor anything else that it says of itself holds the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// Where to begin: at least one; in a cluster, some of its nodes.
    pub(super) seeds: Vec<Address>,
    pub(super) cluster: bool,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// The environment variable that should hold the password, and does not.
    unset: Option<String>,
    pub(super) database: i64,
    pub(super) tls: Option<Tls>,
}

/// What a TLS connection is made with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tls {
    /// Whom to trust; the system's authorities if absent.
    pub(super) ca: Option<PathBuf>,
    /// The own certificate and its key.
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

impl Server {
    /// Whether a text is meant to be a server of this kind, right or wrong.
    #[must_use]
    pub fn is_meant(text: &str) -> bool {
        text.split_once("://")
            .is_some_and(|(scheme, _)| SCHEMES.iter().any(|(known, ..)| scheme == *known))
    }

    /// The environment variable that should hold the password, if it is not set. Nobody signs in without it.
    #[must_use]
    pub fn unset(&self) -> Option<&str> {
        self.unset.as_deref()
    }

    /// Whether TLS can be had with the files that the URL names, if it is to be.
    ///
    /// # Errors
    ///
    /// What is wrong with them.
    pub fn check_files(&self) -> Result<(), String> {
        self.tls
            .as_ref()
            .map_or(Ok(()), |tls| connector(tls).map(drop))
    }

    /// Reads a URL, with another answer to what environment variables hold.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in a sentence that holds no password.
    pub fn parse(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
        let Some((_, tls, cluster)) = SCHEMES.into_iter().find(|(known, ..)| scheme == *known)
        else {
            return Err(format!("no Redis URL; it looks like {FORM}"));
        };
        // Else what follows would be read as something else, and be told when that is wrong.
        let place = text.split_once("://").map_or("", |(_, place)| place);
        let after = place.find(['/', '?', '#']).map_or("", |at| &place[at..]);
        if after.contains(['@', '#']) {
            return Err(
                "no Redis URL: in a user or password, write / as %2F, ? as %3F, # as %23 and @ as %40".into(),
            );
        }
        let url = Url::parse(text)
            .map_err(|error| format!("no Redis URL ({error}); it looks like {FORM}"))?;
        let host = match url.host() {
            None => "127.0.0.1".to_owned(),
            Some(Host::Ipv6(host)) => host.to_string(),
            Some(host) => host.to_string(),
        };
        let mut server = Self {
            seeds: vec![Address {
                host,
                port: url.port().unwrap_or(DEFAULT_PORT),
            }],
            cluster,
            user: decoded(url.username(), "user")?.filter(|user| !user.is_empty()),
            password: match url.password() {
                Some(password) => decoded(password, "password")?,
                None => None,
            },
            unset: None,
            database: database(url.path(), cluster)?,
            tls: tls.then(Tls::default),
        };
        let (mut cert, mut key) = (None, None);
        for (name, value) in url.query_pairs() {
            let value = value.into_owned();
            match &*name {
                "node" if cluster => server.seeds.push(node(&value)?),
                "password_env" => {
                    if server.password.is_some() || server.unset.is_some() {
                        return Err(
                            "the password is given twice: in the URL and by password_env".into(),
                        );
                    }
                    if !is_variable(&value) {
                        // It may be the password itself.
                        return Err(
                            "password_env is the NAME of the environment variable that holds the password (letters, \
                             digits and _), and no password"
                                .into(),
                        );
                    }
                    match variable(&value) {
                        Some(password) => server.password = Some(password),
                        None => server.unset = Some(value),
                    }
                }
                "ca" | "cert" | "key" if tls => match &*name {
                    "ca" => server.tls.get_or_insert_default().ca = Some(value.into()),
                    "cert" => cert = Some(PathBuf::from(value)),
                    _ => key = Some(PathBuf::from(value)),
                },
                "ca" | "cert" | "key" => {
                    return Err(format!("{name} is about TLS, which begins with rediss://"));
                }
                _ => {
                    return Err(format!(
                        "{name}: no such option of a Redis URL; there are password_env, with rediss:// also ca, cert \
                         and key, and with redis+cluster:// also node"
                    ));
                }
            }
        }
        match (cert, key) {
            (None, None) => {}
            (Some(cert), Some(key)) => {
                server.tls.get_or_insert_default().client = Some((cert, key));
            }
            _ => return Err("cert and key belong together: one of them is missing".into()),
        }
        if server.user.is_some() && server.password.is_none() && server.unset.is_none() {
            return Err("a user without a password: add it, or name the variable that holds it with ?password_env=NAME".into());
        }
        Ok(server)
    }

    /// The one that is asked first.
    pub(super) fn seed(&self) -> &Address {
        // There is one by construction.
        &self.seeds[0]
    }
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // One that is empty counts as not set, as for every other key.
        Self::parse(text, |name| env::var(name).ok().filter(|it| !it.is_empty()))
    }
}

/// For people: `Redis at 127.0.0.1:6379, as chatter, with TLS`.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redis at {}", self.seed())?;
        if self.database != 0 {
            write!(f, ", database {}", self.database)?;
        }
        if let Some(user) = &self.user {
            write!(f, ", as {user}")?;
        }
        if self.tls.is_some() {
            f.write_str(", with TLS")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Whether a text can be the name of an environment variable.
fn is_variable(text: &str) -> bool {
    let is_one = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| is_one(c) && !c.is_ascii_digit()) && text.chars().all(is_one)
}

fn database(path: &str, cluster: bool) -> Result<i64, String> {
    let number = path.trim_matches('/');
    if number.is_empty() {
        return Ok(0);
    }
    match number.parse() {
        Ok(0) => Ok(0),
        Ok(_) if cluster => Err(format!("/{number}: a cluster has only the database 0")),
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!(
            "/{number} is no database: that is a number, such as redis://HOST/1"
        )),
    }
}

fn node(text: &str) -> Result<Address, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or((text, ""));
    let port = if port.is_empty() {
        Ok(DEFAULT_PORT)
    } else {
        port.parse()
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    match port {
        Ok(port) if !host.is_empty() => Ok(Address {
            host: host.to_owned(),
            port,
        }),
        _ => Err(format!("node={text}: not HOST:PORT")),
    }
}

/// Percent-encoding undone. What it is of is named by errors, and it is not.
fn decoded(text: &str, what: &str) -> Result<Option<String>, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after
            .get(..2)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        match (
            first,
            digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()),
        ) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| format!("the {what} is no UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::dial::Dialer;

    fn parse(text: &str) -> Result<Server, String> {
        Server::parse(text, |name| {
            (name == "SECRET").then(|| "hunter2".to_owned())
        })
    }

    #[test]
    fn urls_are_read() {
        let cases = [
            ("redis://127.0.0.1", "Redis at 127.0.0.1:6379"),
            ("redis://[::1]:7000/3", "Redis at [::1]:7000, database 3"),
            ("redis://:hunter2@db.lan", "Redis at db.lan:6379"),
            (
                "rediss://ana:hunter2@db.lan:1/",
                "Redis at db.lan:1, as ana, with TLS",
            ),
            (
                "rediss://ana@db.lan?password_env=SECRET&ca=/etc/ca.pem",
                "Redis at db.lan:6379, as ana, with TLS",
            ),
            ("redis+cluster://a:1?node=b:2&node=[::1]:3", "Redis at a:1"),
        ];
        for (text, shown) in cases {
            let server = parse(text).unwrap();
            assert_eq!(server.to_string(), shown, "{text}");
            assert!(!format!("{server:?}").contains("hunter2"), "{text}");
            if shown.contains("ana") || text.contains("hunter2") {
                assert_eq!(server.password.as_deref(), Some("hunter2"), "{text}");
            }
        }
        let cluster = parse("redis+cluster://a:1?node=b:2&node=[::1]:3").unwrap();
        let seeds: Vec<_> = cluster.seeds.iter().map(Address::to_string).collect();
        assert_eq!(seeds, ["a:1", "b:2", "[::1]:3"]);
        let odd = parse("redis://a%40b:p%2Fq%25@h").unwrap();
        assert_eq!(
            (odd.user.as_deref(), odd.password.as_deref()),
            (Some("a@b"), Some("p/q%"))
        );
    }

    #[test]
    fn what_is_wrong_is_told_without_the_password() {
        let cases = [
            ("http://x", "no Redis URL"),
            ("redis://ana:hunter2@host:port", "no Redis URL"),
            ("redis://ana:12/hunter2@h", "/ as %2F"),
            ("redis://ana:12?hunter2@h", "? as %3F"),
            ("redis://ana:12#hunter2@h", "# as %23"),
            ("redis://ana:12#hunter2", "# as %23"),
            ("redis://ana:hunter2/@h", "/ as %2F"),
            ("redis://:hunter2@h/x", "/x is no database"),
            ("redis+cluster://:hunter2@h/1", "only the database 0"),
            ("redis://:hunter2@h?ca=x", "rediss://"),
            ("redis://:hunter2@h?tls=1", "tls: no such option"),
            ("redis://:hunter2@h?node=b:1", "node: no such option"),
            ("rediss://:hunter2@h?cert=x", "belong together"),
            ("redis+cluster://:hunter2@h?node=b:x", "node=b:x"),
            ("redis://ana@h", "a user without a password"),
            ("redis://:hunter2@h?password_env=SECRET", "twice"),
            ("redis://ana@h?password_env=hunter2-x", "the NAME of"),
            ("redis://ana@h?password_env=", "the NAME of"),
        ];
        for (text, part) in cases {
            let problem = parse(text).unwrap_err();
            assert!(
                problem.contains(part) && !problem.contains("hunter2"),
                "{text}: {problem}"
            );
        }
    }

    #[test]
    fn a_password_may_be_missing_until_one_signs_in() {
        for (text, unset) in [
            ("redis://ana@h?password_env=SECRET", None),
            ("redis://ana@h?password_env=NONE", Some("NONE")),
        ] {
            let server = parse(text).unwrap();
            assert_eq!(server.unset(), unset, "{text}");
            let told = Dialer::new(&server).err().map(|fault| fault.to_string());
            let expected = unset.map(|name| {
                format!(
                    "the environment variable {name}, which should hold Redis' password, is not set"
                )
            });
            assert_eq!(told, expected, "{text}");
        }
    }
}
