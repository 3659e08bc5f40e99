//! Other servers that hand a message to everyone: bun and ws from npm, nginx with nchan and nats-server
//! where they are installed. Each is told to do nothing else, and not to compress.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

/// `cargo xtask bench fanout --peers` puts what comes from npm there.
fn packages() -> PathBuf {
    env::var_os("PEERS").map_or_else(|| "target/peers/fanout".into(), PathBuf::from)
}

/// Which of them are there; of the others, what installs them.
pub(crate) fn there() -> Vec<&'static str> {
    let bun = packages().join("node_modules/bun").exists();
    let ws = packages().join("node_modules/ws").exists();
    let on_path = |name: &str| {
        let path = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&path).any(|folder| folder.join(name).exists())
    };
    let mut there = Vec::new();
    for (name, is_there, how) in [
        ("bun", bun, "cargo xtask bench fanout --peers"),
        ("ws", ws, "cargo xtask bench fanout --peers"),
        (
            "nchan",
            nchan().is_some() && on_path("nginx"),
            "apt-get install nginx-light libnginx-mod-nchan",
        ),
        (
            "nats",
            on_path("nats-server"),
            "apt-get install nats-server",
        ),
    ] {
        if is_there {
            there.push(name);
        } else {
            println!("without {name}, which is not there: {how}");
        }
    }
    there
}

/// nchan's module, where Debian puts it, or where `NCHAN` says.
fn nchan() -> Option<PathBuf> {
    let place = env::var_os("NCHAN").map_or_else(
        || "/usr/lib/nginx/modules/ngx_nchan_module.so".into(),
        PathBuf::from,
    );
    place.exists().then_some(place)
}

/// What starts one.
pub(crate) fn command(command: &mut Command, kind: &str, address: SocketAddr, folder: &Path) {
    let port = address.port();
    match kind {
        "bun" => {
            let script = folder.join("server.js");
            fs::write(&script, BUN.replace("PORT", &port.to_string())).unwrap();
            command
                .arg(packages().join("node_modules/.bin/bun"))
                .arg(script);
        }
        "ws" => {
            let script = folder.join("server.cjs");
            let package = fs::canonicalize(packages().join("node_modules/ws")).unwrap();
            let text = WS
                .replace("PORT", &port.to_string())
                .replace("PACKAGE", &package.to_string_lossy());
            fs::write(&script, text).unwrap();
            command.arg("node").arg(script);
        }
        "nchan" => {
            let configuration = folder.join("nginx.conf");
            let text = NCHAN
                .replace("PORT", &port.to_string())
                .replace("MODULE", &nchan().unwrap().to_string_lossy())
                .replace("FOLDER", &folder.to_string_lossy());
            fs::write(&configuration, text).unwrap();
            command
                .args(["nginx", "-e", "stderr", "-p"])
                .arg(folder)
                .arg("-c")
                .arg(configuration);
        }
        "nats" => {
            let configuration = folder.join("nats.conf");
            // Its own port is of no use here, and any that is free will do.
            let text = format!(
                "host: 127.0.0.1\nport: -1\nmax_connections: 20000\n\
                 websocket {{ host: 127.0.0.1, port: {port}, no_tls: true, compression: false }}\n"
            );
            fs::write(&configuration, text).unwrap();
            command.args(["nats-server", "-c"]).arg(configuration);
        }
        other => unreachable!("{other} is none of `there`"),
    }
}

const BUN: &str = r#"
Bun.serve({
  hostname: "127.0.0.1",
  port: PORT,
  fetch(request, server) {
    const pub = new URL(request.url).pathname === "/pub";
    if (!server.upgrade(request, { data: { pub } })) return new Response("no", { status: 400 });
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) { if (!socket.data.pub) socket.subscribe("room"); },
    message(socket, text) { socket.publish("room", text); },
  },
});
"#;

const WS: &str = r#"
const { WebSocketServer } = require("PACKAGE");
const server = new WebSocketServer({ host: "127.0.0.1", port: PORT, perMessageDeflate: false, backlog: 4096 });
const viewers = new Set();
server.on("connection", (socket, request) => {
  if (request.url === "/pub") {
    socket.on("message", (text) => { for (const viewer of viewers) viewer.send(text, { binary: false }); });
  } else {
    viewers.add(socket);
    socket.on("close", () => viewers.delete(socket));
    socket.on("error", () => viewers.delete(socket));
  }
});
"#;

const NCHAN: &str = r#"
daemon off;
master_process off;
load_module MODULE;
pid FOLDER/nginx.pid;
error_log stderr crit;
worker_rlimit_nofile 30000;
events { worker_connections 20000; }
http {
  access_log off;
  client_body_temp_path FOLDER/body;
  proxy_temp_path FOLDER/proxy;
  fastcgi_temp_path FOLDER/fastcgi;
  uwsgi_temp_path FOLDER/uwsgi;
  scgi_temp_path FOLDER/scgi;
  nchan_shared_memory_size 128m;
  server {
    listen 127.0.0.1:PORT backlog=4096;
    location = /pub { nchan_publisher websocket; nchan_channel_id room; nchan_message_buffer_length 1024; }
    location = /sub { nchan_subscriber websocket; nchan_channel_id room; nchan_subscriber_first_message newest; }
  }
}
"#;
