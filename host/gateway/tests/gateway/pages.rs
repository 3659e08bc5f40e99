//! The page's files, and what machines ask.

use crate::host::{Host, TOKEN};
use serde_json::json;

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
    let none = host.get("/r/main/cellar").await;
    assert_eq!(
        (none.status, none.text().as_str()),
        (404, "<!doctype html>the page")
    );
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

/// The style sheet that its user gives to streaming software is put into the page as an inline one.
#[tokio::test]
async fn the_overlay_is_a_page_of_its_own_and_takes_its_users_styles() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["index.html", "overlay.html"] {
        std::fs::write(folder.path().join(file), file).unwrap();
    }
    let host = Host::with(|config| config.ui = Some(folder.path().to_owned())).await;
    for (path, status, file, styles) in [
        (
            "/overlay/main/lobby?fade=30",
            200,
            "overlay.html",
            "style-src 'self' 'unsafe-inline';",
        ),
        (
            "/overlay/main/cellar",
            404,
            "overlay.html",
            "style-src 'self' 'unsafe-inline';",
        ),
        ("/r/main/lobby", 200, "index.html", "style-src 'self';"),
    ] {
        let answer = host.get(path).await;
        assert_eq!((answer.status, answer.text().as_str()), (status, file));
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains(styles) && policy.contains("script-src 'self';"),
            "{path}: {policy}"
        );
    }
}

/// A folder with a page that was built in these forms, and a host that serves it.
async fn built(forms: &[&str]) -> (tempfile::TempDir, Host) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    for form in forms {
        for file in ["index.html", "assets/index-1a2b.js"] {
            let file = format!("{file}{form}");
            std::fs::write(folder.path().join(&file), &file).unwrap();
        }
    }
    let host = Host::with(|config| config.ui = Some(folder.path().to_owned())).await;
    (folder, host)
}

#[tokio::test]
async fn files_come_in_the_form_that_was_asked_for_and_is_there() {
    // The forms that were built, what is asked for, what comes, and its coding.
    let cases: [(&[&str], &str, &str, &str); 7] = [
        (&["", ".gz", ".br"], "gzip, deflate, br", ".br", "br"),
        (&["", ".gz", ".br"], "gzip", ".gz", "gzip"),
        (&["", ".gz", ".br"], "br;q=0, gzip;q=0.5", ".gz", "gzip"),
        (&["", ".gz", ".br"], "identity", "", ""),
        (&["", ".gz", ".br"], "", "", ""),
        (&["", ".gz"], "gzip, br", ".gz", "gzip"),
        (&[""], "gzip, br", "", ""),
    ];
    for (forms, asked, form, coding) in cases {
        let (_folder, host) = built(forms).await;
        for (path, file, media_type) in [
            ("/r/main/lobby", "index.html", "text/html; charset=utf-8"),
            (
                "/assets/index-1a2b.js",
                "assets/index-1a2b.js",
                "text/javascript; charset=utf-8",
            ),
        ] {
            let headers = [("accept-encoding", asked)];
            let answer = host.http("GET", path, &headers, "").await;
            let what = format!("{path} of {forms:?} as {asked:?}");
            assert_eq!(answer.status, 200, "{what}");
            assert_eq!(answer.text(), format!("{file}{form}"), "{what}");
            assert_eq!(answer.header("content-encoding"), coding, "{what}");
            assert_eq!(answer.header("content-type"), media_type, "{what}");
            assert_eq!(answer.header("vary"), "accept-encoding", "{what}");
            let head = host.http("HEAD", path, &headers, "").await;
            assert_eq!((head.status, head.body.len()), (200, 0), "{what}");
            for name in [
                "cache-control",
                "content-encoding",
                "content-length",
                "content-type",
                "etag",
                "vary",
            ] {
                assert_eq!(head.header(name), answer.header(name), "{what}: {name}");
            }
        }
    }
}

#[tokio::test]
async fn a_page_that_the_browser_holds_is_not_sent_again() {
    let (folder, host) = built(&["", ".gz"]).await;
    let get = async |tag: &str, coding: &str| {
        let headers = [("if-none-match", tag), ("accept-encoding", coding)];
        host.http("GET", "/r/main/lobby", &headers, "").await
    };
    let page = get("", "").await;
    let tag = page.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 8);
    for (known, status) in [
        (tag.clone(), 304),
        (format!("W/{tag}"), 304),
        (format!("\"other\", {tag}"), 304),
        ("*".into(), 304),
        ("\"other\"".into(), 200),
        (tag.trim_matches('"').to_owned(), 200),
    ] {
        let answer = get(&known, "").await;
        assert_eq!(answer.status, status, "{known}");
        assert_eq!(answer.header("etag"), tag, "{known}");
        assert_eq!(answer.header("cache-control"), "no-cache", "{known}");
        assert_eq!(answer.header("vary"), "accept-encoding", "{known}");
        assert_eq!(answer.body.is_empty(), status == 304, "{known}");
    }
    assert_eq!(get(&tag, "gzip").await.status, 200, "another form");
    std::fs::write(folder.path().join("index.html"), "a new one").unwrap();
    assert_eq!(get(&tag, "").await.text(), "a new one");
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
        "/overlay/main/lobby",
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
        for policy in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
            assert_eq!(answer.header(policy), "same-origin", "{path}: {policy}");
        }
        assert!(
            answer
                .header("permissions-policy")
                .contains("microphone=()"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_page_that_shares_sound_may_listen_and_no_other_may() {
    let host = Host::start().await;
    for (path, allowed) in [("/share/main/lobby", "(self)"), ("/r/main/lobby", "()")] {
        let answer = host.get(path).await;
        let policies = answer.header("permissions-policy").to_owned();
        for sense in ["microphone", "display-capture"] {
            let policy = format!("{sense}={allowed}");
            assert!(policies.contains(&policy), "{path}: {policies}");
        }
        assert!(policies.contains("camera=()"), "{path}: {policies}");
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
    for (asks, status) in [("evil.example:8787", 401), ("localhost:8787", 200)] {
        let answer = host.http("GET", "/metrics", &[("host", asks)], "").await;
        assert_eq!(answer.status, status, "{asks}");
    }
    let behind = Host::with(|config| {
        config.proxies.networks = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    assert_eq!(
        behind.get("/metrics").await.status,
        401,
        "a proxy that names no client"
    );
}

#[tokio::test]
async fn why_it_is_not_ready_is_for_this_machine_and_the_operator() {
    let host = Host::start().await;
    let why = "Redis does not answer at 10.0.0.7:6379";
    *host.lacks.lock().unwrap() = Some(why.into());
    let bearer = format!("Bearer {TOKEN}");
    let operator = ("authorization", bearer.as_str());
    let proxied = ("x-forwarded-for", "203.0.113.7");
    for (headers, is_told) in [
        (&[][..], true),
        (&[proxied], false),
        (&[proxied, ("authorization", "Bearer abc")], false),
        (&[("host", "evil.example:8787")], false),
        (&[proxied, operator], true),
    ] {
        let answer = host.http("GET", "/readyz", headers, "").await;
        let problem = answer.json();
        assert_eq!(
            (answer.status, &problem["code"]),
            (503, &json!("not_ready"))
        );
        let detail = problem["detail"].as_str().unwrap();
        assert_eq!(detail == why, is_told, "{headers:?}: {detail}");
        assert_eq!(
            detail.contains("10.0.0.7"),
            is_told,
            "{headers:?}: {detail}"
        );
    }
}
