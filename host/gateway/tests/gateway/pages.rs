//! The page's files, and what machines ask.

use crate::host::{Host, TOKEN};

#[tokio::test]
async fn the_page_is_served_with_its_files() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    std::fs::write(folder.path().join("index.html"), "<!doctype html>the page").unwrap();
    std::fs::write(folder.path().join("assets/index-1a2b.js"), "1").unwrap();
    std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
    let host = Host::with(|config| config.ui = Some(folder.path().to_owned())).await;

    let root = host.get("/").await;
    assert_eq!(
        (root.status, root.header("location")),
        (307, "/r/main/lobby")
    );
    let page = host.get("/r/main/lobby").await;
    assert_eq!(
        (page.status, page.text().as_str()),
        (200, "<!doctype html>the page")
    );
    assert_eq!(page.header("cache-control"), "no-cache");
    assert_eq!(host.get("/r/main/cellar").await.status, 404);
    let script = host.get("/assets/index-1a2b.js").await;
    assert_eq!(
        (script.status, script.header("content-type")),
        (200, "text/javascript; charset=utf-8")
    );
    assert!(script.header("cache-control").contains("immutable"));
    for path in [
        "/assets/none.js",
        "/assets/../secret.txt",
        "/assets/%2e%2e/secret.txt",
        "/assets/..%2fsecret.txt",
        "/assets/",
    ] {
        assert_eq!(host.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_built_says_how_to_build_it() {
    let host = Host::start().await;
    let page = host.get("/r/main/lobby").await;
    assert_eq!(page.status, 503);
    assert!(
        page.text().contains("npm --prefix ui run build"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let host = Host::start().await;
    for path in [
        "/",
        "/r/main/lobby",
        "/v1/rooms",
        "/nothing",
        "/healthz",
        "/v1/rooms/main/lobby/ws",
    ] {
        let answer = host.get(path).await;
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'none'; script-src 'self'"),
            "{path}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn probes_answer() {
    let host = Host::start().await;
    assert_eq!(host.get("/healthz").await.status, 200);
    assert_eq!(host.get("/readyz").await.status, 200);
    let rooms = host.get("/v1/rooms").await.json();
    let ids: Vec<_> = rooms["rooms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|room| room["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, ["main/lobby", "main/attic"]);
    let document = host.get("/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.1");
    for path in [
        "/v1/rooms/{tenant}/{room}/messages",
        "/v1/rooms/{tenant}/{room}/ws",
        "/metrics",
    ] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_the_operator() {
    let host = Host::start().await;
    assert_eq!(host.get("/metrics").await.text(), "# the metrics\n");
    let proxied = ("x-forwarded-for", "203.0.113.7");
    assert_eq!(
        host.http("GET", "/metrics", &[proxied], "").await.status,
        401
    );
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(
        host.http(
            "GET",
            "/metrics",
            &[proxied, ("authorization", &bearer)],
            ""
        )
        .await
        .status,
        200
    );
}
