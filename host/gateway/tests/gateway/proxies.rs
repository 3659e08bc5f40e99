//! Behind a proxy: the bounds per address are those of its clients, and nobody else names an address.

use crate::host::{Host, LOBBY};
use chatter_gateway::Proxies;
use tokio_tungstenite::tungstenite::Error;

/// What viewers are told who come one after the other, each with what a proxy on this machine says of
/// them, to a gateway that lets two in from an address.
async fn told(proxies: &[&str], viewers: &[&str]) -> Vec<u16> {
    let host = Host::with(|config| {
        config.limits.viewers_per_address = 2;
        config.proxies = Proxies {
            networks: proxies.iter().map(|it| it.parse().unwrap()).collect(),
            ..Proxies::default()
        };
    })
    .await;
    let path = format!("{LOBBY}/ws?name=ana");
    let mut here = Vec::new();
    let mut told = Vec::new();
    for says in viewers {
        match host.connect(&path, &[("x-forwarded-for", says)]).await {
            Ok(viewer) => {
                here.push(viewer);
                told.push(101);
            }
            Err(Error::Http(answer)) => told.push(answer.status().as_u16()),
            Err(other) => panic!("{other}"),
        }
    }
    told
}

const VIEWERS: &[&str] = &[
    "203.0.113.7",
    "203.0.113.7",
    "203.0.113.7",
    // What a client adds itself is at the left.
    "198.51.100.1, 203.0.113.7",
    "203.0.113.8",
];

#[tokio::test]
async fn a_proxys_clients_have_their_own_bounds() {
    let told = told(&["127.0.0.0/8"], VIEWERS).await;
    assert_eq!(told, [101, 101, 429, 429, 101]);
}

#[tokio::test]
async fn who_is_no_proxy_is_not_believed() {
    // This machine's own address has no bound, so all are let in.
    let told = told(&["10.0.0.0/8"], VIEWERS).await;
    assert_eq!(told, [101; 5]);
}

#[tokio::test]
async fn messages_from_a_proxys_clients_are_counted_apart() {
    let host = Host::with(|config| {
        config.limits.address_burst = 1;
        config.limits.address_per_second = 0.001;
        config.proxies.networks = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let mut told = Vec::new();
    for (n, client) in ["203.0.113.7", "203.0.113.7", "203.0.113.8"]
        .iter()
        .enumerate()
    {
        let headers = [
            ("content-type", "application/json"),
            ("x-forwarded-for", client),
        ];
        let body = format!(r#"{{"author":"Ana","text":"hello {n}"}}"#);
        let path = format!("{LOBBY}/messages");
        told.push(host.http("POST", &path, &headers, body).await.status);
    }
    assert_eq!(told, [201, 429, 201]);
}
