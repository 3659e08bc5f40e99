//! How many may watch, who is let in, from whose pages, and who says where they are, as it is set on the command line, in the environment
//! and in the table `[gateway]` of `chatter.toml`.

use chatter_gateway::{Limits, Network, Origin, Proxies, ProxyHeader};
use clap::Args;
use serde::Deserialize;

/// What is set of the gateway; each part that is absent is as by default.
#[derive(Clone, Debug, Default, Args, Deserialize)]
#[serde(default)]
pub struct GatewayOptions {
    /// How many may watch at a time, in all rooms [default: 11250]
    #[arg(
        id = "gateway_viewers",
        long = "gateway-viewers",
        value_name = "N",
        env = "CHATTER_GATEWAY_VIEWERS",
        hide_env_values = true
    )]
    pub viewers: Option<usize>,
    /// How many may watch one room at a time [default: 10000]
    #[arg(
        id = "gateway_viewers_per_room",
        long = "gateway-viewers-per-room",
        value_name = "N",
        env = "CHATTER_GATEWAY_VIEWERS_PER_ROOM",
        hide_env_values = true
    )]
    pub viewers_per_room: Option<usize>,
    /// How many may watch at a time from one address, or one /64 of IPv6, that is neither in a private network
    /// nor a proxy's [default: 200]
    #[arg(
        id = "gateway_viewers_per_address",
        long = "gateway-viewers-per-address",
        value_name = "N",
        env = "CHATTER_GATEWAY_VIEWERS_PER_ADDRESS",
        hide_env_values = true
    )]
    pub viewers_per_address: Option<usize>,
    /// The reverse proxies that are trusted to say who their clients are: addresses, or networks as
    /// 10.0.0.0/8; several with commas, or by naming the option again [default: none]
    #[arg(
        id = "gateway_proxies",
        long = "gateway-proxies",
        value_name = "ADDR[/BITS]",
        env = "CHATTER_GATEWAY_PROXIES",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub proxies: Vec<Network>,
    /// The header in which they say it: x-forwarded-for, forwarded or x-real-ip. The proxy has to set that one
    /// itself; the others are believed from nobody [default: x-forwarded-for]
    #[arg(
        id = "gateway_proxy_header",
        long = "gateway-proxy-header",
        value_name = "HEADER",
        env = "CHATTER_GATEWAY_PROXY_HEADER",
        hide_env_values = true
    )]
    pub proxy_header: Option<ProxyHeader>,
    /// Whether people may read and write without a token; without guests, whoever has the operator's token makes
    /// sessions for them [default: true]
    #[arg(
        id = "gateway_guests",
        long = "gateway-guests",
        value_name = "BOOL",
        env = "CHATTER_GATEWAY_GUESTS",
        hide_env_values = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub guests: Option<bool>,
    /// Other origins whose pages may use the gateway, as https://example.org; several with commas, or by naming the
    /// option again. The one that requests name as their host always may [default: none]
    #[arg(
        id = "gateway_origins",
        long = "gateway-origins",
        value_name = "ORIGIN",
        env = "CHATTER_GATEWAY_ORIGINS",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub origins: Vec<Origin>,
    /// Whether browsers send sessions' cookies over HTTPS alone: for a proxy that ends TLS [default: false]
    #[arg(
        id = "gateway_secure_cookie",
        long = "gateway-secure-cookie",
        value_name = "BOOL",
        env = "CHATTER_GATEWAY_SECURE_COOKIE",
        hide_env_values = true,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    pub secure_cookie: Option<bool>,
}

/// What the gateway is to hold to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience {
    /// Viewers at a time.
    pub viewers: Option<usize>,
    /// Of these, in one room.
    pub viewers_per_room: Option<usize>,
    /// Of these, from one address.
    pub viewers_per_address: Option<usize>,
    /// Who says where they are.
    pub proxies: Proxies,
    /// Whether they may come without a token.
    pub guests: bool,
    /// From whose pages they may come, beside its own.
    pub origins: Vec<Origin>,
    /// Whether their cookies are for HTTPS alone.
    pub secure_cookie: bool,
}

/// How many may be allowed; more than any machine has connections for.
const MOST: usize = 1_000_000;

impl GatewayOptions {
    /// The keys of `[gateway]`.
    pub(crate) const KEYS: [&str; 8] = [
        "viewers",
        "viewers_per_room",
        "viewers_per_address",
        "proxies",
        "proxy_header",
        "guests",
        "origins",
        "secure_cookie",
    ];

    /// These, and those of `other` where nothing is said here.
    pub(crate) fn over(self, other: Self) -> Self {
        Self {
            viewers: self.viewers.or(other.viewers),
            viewers_per_room: self.viewers_per_room.or(other.viewers_per_room),
            viewers_per_address: self.viewers_per_address.or(other.viewers_per_address),
            proxies: if self.proxies.is_empty() {
                other.proxies
            } else {
                self.proxies
            },
            proxy_header: self.proxy_header.or(other.proxy_header),
            guests: self.guests.or(other.guests),
            origins: if self.origins.is_empty() {
                other.origins
            } else {
                self.origins
            },
            secure_cookie: self.secure_cookie.or(other.secure_cookie),
        }
    }

    /// What is to be held to, or everything that is wrong with it.
    pub(crate) fn audience(self) -> Result<Audience, Vec<String>> {
        let bounds = [
            ("viewers", self.viewers),
            ("viewers_per_room", self.viewers_per_room),
            ("viewers_per_address", self.viewers_per_address),
        ];
        let mut problems: Vec<String> = bounds
            .into_iter()
            .filter_map(|(name, bound)| {
                let bound = bound.filter(|bound| !(1..=MOST).contains(bound))?;
                Some(format!("gateway.{name}: {bound} is not in 1..={MOST}"))
            })
            .collect();
        if self.proxy_header.is_some() && self.proxies.is_empty() {
            problems.push(
                "gateway.proxy_header: it is believed from nobody: name the proxies in gateway.proxies"
                    .into(),
            );
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Audience {
            viewers: self.viewers,
            viewers_per_room: self.viewers_per_room,
            viewers_per_address: self.viewers_per_address,
            proxies: Proxies {
                networks: self.proxies,
                header: self.proxy_header.unwrap_or_default(),
            },
            guests: self.guests.unwrap_or(true),
            origins: self.origins,
            secure_cookie: self.secure_cookie.unwrap_or(false),
        })
    }
}

impl Audience {
    /// The gateway's bounds, with these in place of the usual ones, and connections for so many viewers.
    pub(crate) fn limits(&self) -> Limits {
        let usual = Limits::default();
        let viewers = self.viewers.unwrap_or(usual.viewers);
        Limits {
            viewers,
            viewers_per_room: self.viewers_per_room.unwrap_or(usual.viewers_per_room),
            viewers_per_address: self
                .viewers_per_address
                .unwrap_or(usual.viewers_per_address),
            connections: usual.connections.max(Limits::connections_for(viewers)),
            ..usual
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Audience, Vec<String>> {
        let options: GatewayOptions =
            toml::from_str(text).map_err(|error| vec![error.message().to_owned()])?;
        options.audience()
    }

    #[test]
    fn the_table_says_what_the_gateway_holds_to() {
        let usual = read("").unwrap();
        assert_eq!(usual.proxies, Proxies::default());
        assert_eq!(
            (usual.guests, &usual.origins[..], usual.secure_cookie),
            (true, &[][..], false)
        );
        assert_eq!(usual.limits().connections, Limits::default().connections);
        let read = read(
            "viewers = 30000\nviewers_per_room = 20000\nviewers_per_address = 7\n\
             proxies = [\"10.0.0.0/8\", \"2001:db8::1\"]\nproxy_header = \"Forwarded\"\n\
             guests = false\norigins = [\"https://example.org\"]\nsecure_cookie = true\n",
        )
        .unwrap();
        let limits = read.limits();
        assert_eq!(
            (
                limits.viewers,
                limits.viewers_per_room,
                limits.viewers_per_address,
                limits.connections
            ),
            (30_000, 20_000, 7, 32_000)
        );
        let networks = ["10.0.0.0/8", "2001:db8::1"].map(|it| it.parse::<Network>().unwrap());
        assert_eq!(read.proxies.networks, networks);
        assert_eq!(read.proxies.header, ProxyHeader::Forwarded);
        let origins = ["https://example.org".parse::<Origin>().unwrap()];
        assert_eq!(
            (read.guests, &read.origins[..], read.secure_cookie),
            (false, &origins[..], true)
        );
    }

    #[test]
    fn what_is_wrong_with_it_is_said_at_once() {
        let cases: [(&str, &[&str]); 5] = [
            (
                "viewers = 0\nviewers_per_address = 2000000\n",
                &[
                    "gateway.viewers: 0 is not in 1..=1000000",
                    "gateway.viewers_per_address: 2000000 is not in 1..=1000000",
                ],
            ),
            (
                "proxies = [\"proxy.lan\"]\n",
                &[
                    "\"proxy.lan\" is neither an address nor a network, such as 10.0.0.7, 10.0.0.0/8 or fd00::/8",
                ],
            ),
            (
                "proxies = [\"10.0.0.7\"]\nproxy_header = \"via\"\n",
                &["\"via\" is not `x-forwarded-for`, `forwarded` or `x-real-ip`"],
            ),
            (
                "origins = [\"example.org\"]\n",
                &[
                    "\"example.org\" is no origin, such as https://example.org or http://10.0.0.7:8080: http or https, a host, perhaps a port, and no more",
                ],
            ),
            (
                "proxy_header = \"x-real-ip\"\n",
                &[
                    "gateway.proxy_header: it is believed from nobody: name the proxies in gateway.proxies",
                ],
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(read(text).unwrap_err(), wanted, "{text}");
        }
    }

    #[test]
    fn the_command_line_wins_part_by_part() {
        let options = |text: &str| toml::from_str::<GatewayOptions>(text).unwrap();
        let both = options("viewers = 5\nproxies = [\"10.0.0.1\"]\nguests = true")
            .over(options(
                "viewers = 6\nviewers_per_room = 4\nproxies = [\"10.0.0.2\"]\nguests = false\nsecure_cookie = true",
            ))
            .audience()
            .unwrap();
        assert_eq!((both.viewers, both.viewers_per_room), (Some(5), Some(4)));
        assert_eq!((both.guests, both.secure_cookie), (true, true));
        assert_eq!(
            both.proxies.networks,
            ["10.0.0.1".parse::<Network>().unwrap()]
        );
    }
}
