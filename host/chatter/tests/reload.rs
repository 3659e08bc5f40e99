//! The configuration, changed while the program runs.
#![allow(clippy::unwrap_used, reason = "a test fails by what goes wrong")]

mod support;

use futures_util::future::BoxFuture;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use rustix::process::Signal;
use serde_json::Value;
use std::{fs, time::Instant};
use support::{DEADLINE, Home, ROOM, Server, rascal};
use tokio::net::TcpStream;

async fn get(server: &Server, path: &str) -> (u16, String) {
    get_as(server, path, None).await
}

async fn get_as(server: &Server, path: &str, token: Option<&str>) -> (u16, String) {
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut send, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = Request::get(path).header("host", server.address());
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    let response = send.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    connection.abort();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// The room's status, as soon as it is as it should be.
async fn until(server: &Server, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
    until_as(server, None, what, fits).await
}

async fn until_as(
    server: &Server,
    token: Option<&str>,
    what: &str,
    fits: impl Fn(&Value) -> bool,
) -> Value {
    let started = Instant::now();
    loop {
        let (_, body) = get_as(server, &format!("/v1/rooms/{ROOM}"), token).await;
        let status: Value = serde_json::from_str(&body).unwrap();
        if fits(&status) {
            return status;
        }
        assert!(started.elapsed() < DEADLINE, "no {what} in {status:#}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

fn persona<'a>(status: &'a Value, id: &str) -> Option<&'a Value> {
    let personas = status["personas"].as_array()?;
    personas.iter().find(|persona| persona["persona_id"] == id)
}

fn edit(home: &Home, file: &str, change: impl FnOnce(String) -> String) {
    let text = fs::read_to_string(home.path(file)).unwrap();
    home.write(file, change(text));
}

#[tokio::test]
async fn what_is_edited_takes_effect_and_what_is_broken_does_not() {
    let home = Home::lively();
    let server = home.serve(&["--log", "warn,chatter=info"]);
    let before = until(&server, "nova and pogo", |status| {
        persona(status, "nova").is_some() && persona(status, "pogo").is_some()
    })
    .await;
    let lines = |status: &Value| persona(status, "nova").unwrap()["lines"].as_u64();

    // A persona is described in another way, and goes on with what it had.
    edit(&home, "configs/personas/nova.toml", |text| {
        text.replace("Loves lighthouses.", "Is a lighthouse.")
    });
    let after = until(&server, "nova as it is now", |status| {
        persona(status, "nova").is_some_and(|nova| nova["bio"] == "Is a lighthouse.")
    })
    .await;
    assert!(lines(&after) >= lines(&before));
    server.process.stderr_with("nova: bio");

    // What is wrong is named, and nothing of that edit counts, in no file.
    edit(&home, "configs/personas/pogo.toml", |text| {
        text.replace("Loves lighthouses.", "Is nobody.")
    });
    edit(&home, "configs/personas/nova.toml", |text| {
        text.replace("excitability = 1.0", "excitability = 1.4")
    });
    server
        .process
        .stderr_with("configs/personas/nova.toml: traits.excitability: 1.4 is more than 1");
    let (_, metrics) = get(&server, "/metrics").await;
    for line in [
        "chatter_config_reload_total{result=\"refused\"} 1",
        "chatter_config_reload_total{result=\"applied\"} 1",
        "chatter_config_problems 1",
    ] {
        assert!(metrics.contains(line), "no {line} in\n{metrics}");
    }
    let status = until(&server, "both still there", |_| true).await;
    assert_eq!(
        persona(&status, "pogo").unwrap()["bio"],
        "Loves lighthouses."
    );

    // Mended, it counts; somebody new sits down, and somebody leaves.
    edit(&home, "configs/personas/nova.toml", |text| {
        text.replace("excitability = 1.4", "excitability = 0.9")
    });
    home.write(
        "configs/personas/zed.toml",
        "id = \"zed\"\nname = \"Zed\"\nmodule = \"hype\"\n",
    );
    edit(&home, "configs/rooms/lobby.toml", |text| {
        text.replace("persona = \"pogo\"", "persona = \"zed\"")
            .replace("title = \"Lobby\"", "title = \"Hall\"")
    });
    // What the worker says comes beside what the gateway knows.
    until(&server, "zed in place of pogo, in a hall", |status| {
        let health = persona(status, "zed").map(|zed| &zed["health"]);
        health.is_some_and(|health| health == "ok")
            && persona(status, "pogo").is_none()
            && persona(status, "nova").is_some_and(|it| it["traits"]["excitability"] == 0.9)
            && status["title"] == "Hall"
    })
    .await;
    server.process.stderr_with("main/lobby: pogo leaves");
}

/// What is missing is put there, and nothing else is touched.
#[tokio::test]
async fn a_configuration_that_is_wrong_is_looked_at_again_when_what_it_names_is_mended() {
    let home = Home::lively();
    let server = home.serve(&["--log", "warn,chatter=info"]);
    edit(&home, "configs/rooms/lobby.toml", |text| {
        text.replace("uri = \"show.vtt\"", "uri = \"../../new.vtt\"")
            .replace("title = \"Lobby\"", "title = \"Hall\"")
    });
    server.process.stderr_with("source.uri: ");
    // What has nothing to do with that is told all the same.
    home.write("chatter.toml", "seed = 8\n");
    server
        .process
        .stderr_with("chatter.toml: was changed; what it says counts from the next start on");
    home.write("new.vtt", "WEBVTT\n");
    server
        .process
        .stderr_with("new.vtt: holds no cue with text");
    home.write("new.vtt", support::subtitles());
    until(&server, "the hall", |status| status["title"] == "Hall").await;
}

#[tokio::test]
async fn an_operator_asks_for_it_and_is_answered() {
    let home = Home::lively();
    let server = home.serve(&["--log", "warn,chatter=info"]);
    server.process.signal(Signal::HUP);
    server
        .process
        .stderr_with("the configuration was read again; nothing in it differs");
    assert_eq!(get(&server, "/healthz").await.0, 200);
}

#[tokio::test]
async fn editors_may_save_as_they_like() {
    let home = Home::lively();
    let server = home.serve(&["--log", "warn,chatter=info"]);
    let text = fs::read_to_string(home.path("configs/personas/nova.toml")).unwrap();
    type Save = for<'a> fn(&'a Home, String) -> BoxFuture<'a, ()>;
    let saves: [(&str, Save); 3] = [
        ("by renaming", |home, text| {
            Box::pin(async move {
                home.write("configs/personas/.nova.toml.tmp", text);
                fs::rename(
                    home.path("configs/personas/.nova.toml.tmp"),
                    home.path("configs/personas/nova.toml"),
                )
                .unwrap();
            })
        }),
        ("in parts", |home, text| {
            Box::pin(async move {
                let (first, _) = text.split_at(text.len() / 2);
                home.write("configs/personas/nova.toml", "");
                tokio::task::yield_now().await;
                home.write("configs/personas/nova.toml", first);
                tokio::task::yield_now().await;
                home.write("configs/personas/nova.toml", &text);
            })
        }),
        ("by taking the file away first", |home, text| {
            Box::pin(async move {
                fs::remove_file(home.path("configs/personas/nova.toml")).unwrap();
                tokio::task::yield_now().await;
                home.write("configs/personas/nova.toml", &text);
            })
        }),
    ];
    for (how, save) in saves {
        save(&home, text.replace("Loves lighthouses.", how)).await;
        until(&server, how, |status| {
            persona(status, "nova").is_some_and(|nova| nova["bio"] == how)
        })
        .await;
    }
    let stderr = server.process.stderr();
    assert!(!stderr.contains("ERROR"), "{stderr}");
}

#[tokio::test]
async fn a_shadow_runs_beside_and_operators_see_what_it_would_have_said() {
    let home = Home::lively();
    let server = home.serve(&["--log", "warn,chatter=info"]);
    let token = fs::read_to_string(home.path("data/operator-token")).unwrap();
    edit(&home, "configs/rooms/lobby.toml", |text| {
        text.replace(
            "persona = \"nova\"",
            "persona = \"nova\"\nshadow = \"hype.wasm\"",
        )
    });
    let told = until_as(&server, Some(token.trim()), "shadow's calls", |status| {
        persona(status, "nova").is_some_and(|nova| nova["shadow"]["calls"].as_u64() >= Some(3))
    })
    .await;
    let shadow = &persona(&told, "nova").unwrap()["shadow"];
    assert_eq!(shadow["module"]["name"], "hype");
    assert_eq!(shadow["failures"], 0, "{shadow:#}");
    let agreement = shadow["agreement"].as_object().unwrap();
    let compared: u64 = agreement.values().filter_map(Value::as_u64).sum();
    assert!(compared > 0 && compared <= shadow["calls"].as_u64().unwrap());
    // It stays among operators.
    let status = until(&server, "nova", |status| persona(status, "nova").is_some()).await;
    assert!(persona(&status, "nova").unwrap().get("shadow").is_none());
}

/// What its operator lets a module have holds when it is loaded, and a file that was refused for less is tried again.
#[tokio::test]
async fn a_module_that_needs_more_serves_when_it_may_have_it() {
    let home = Home::lively();
    home.write("plugins/large.wasm", rascal("vast"));
    edit(&home, "configs/personas/pogo.toml", |text| {
        text.replace("module = \"hype\"", "module = \"large\"")
    });
    let server = home.serve_with(
        &home.path("plugins"),
        "127.0.0.1:0",
        &["--plugins-poll", "1"],
    );
    let is = |health: &'static str| {
        move |status: &Value| persona(status, "pogo").is_some_and(|pogo| pogo["health"] == health)
    };
    until(&server, "pogo without its module", is("unavailable")).await;
    home.write(
        "configs/modules/large.toml",
        "name = \"large\"\n[limits]\nmemory_bytes = 134217728\n",
    );
    until(&server, "pogo on its module", is("ok")).await;
}
