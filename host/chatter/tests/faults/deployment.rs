//! A deployment: two gateways, two workers and a context process on one Redis, behind a proxy.

use crate::support::{Home, Process, Server, plugins};
use chatter_redis_server::{Proxy, RedisServer};
use rustix::process::Signal;

/// A room in which personas speak at every occasion, at once: so that their silence tells something.
const ROOM: &str = r#"
    id = "main/lobby"
    title = "Lobby"
    [source]
    uri = "show.vtt"
    speed = 10
    loop = true
    [[roster]]
    persona = "nova"
    [[roster]]
    persona = "pogo"
    [tuning]
    base_lines_per_minute = 60
    event_boost = 1
    mention_boost = 1
    question_boost = 1
    reply_boost = 1
    cooldown_s = 0
    think_time_s = 0
    human_first = 1
    bot_share = 1
    persona_lines_per_minute = 120
    room_lines_per_minute = 240
"#;

pub(crate) struct Deployment {
    _home: Home,
    pub(crate) redis: RedisServer,
    pub(crate) proxy: Proxy,
    pub(crate) gateways: Vec<Server>,
    pub(crate) workers: Vec<Server>,
    _context: Server,
}

impl Deployment {
    pub(crate) fn on(redis: RedisServer) -> Self {
        let proxy = Proxy::before(redis.address());
        let home = Home::lively();
        home.write("configs/rooms/lobby.toml", ROOM);
        let start = |name: &str, role: &str| start(&home, name, role, &proxy);
        // All at once, since each takes its time.
        let started = [
            start("gateway-1", "gateway"),
            start("gateway-2", "gateway"),
            start("worker-1", "worker"),
            start("worker-2", "worker"),
            start("context", "context"),
        ];
        let mut servers: Vec<Server> = started.into_iter().map(Server::listening).collect();
        let context = servers.remove(4);
        let workers = servers.split_off(2);
        Self {
            _home: home,
            redis,
            proxy,
            gateways: servers,
            workers,
            _context: context,
        }
    }

    pub(crate) fn addresses(&self) -> Vec<String> {
        let gateways = self.gateways.iter();
        gateways.map(|server| server.address().to_owned()).collect()
    }

    /// The worker that has the room, as the leases say.
    pub(crate) fn speaking(&self) -> Option<usize> {
        self.holder("personas.holder", &self.workers)
    }

    /// The gateway that takes in the personas' lines.
    pub(crate) fn taking_in(&self) -> Option<usize> {
        self.holder("intake.holder", &self.gateways)
    }

    fn holder(&self, field: &str, among: &[Server]) -> Option<usize> {
        let holder = self
            .redis
            .cli(&["HGET", "chatter:duties:{main/lobby}", field]);
        let id: u32 = holder.split('/').nth(1)?.parse().ok()?;
        among.iter().position(|server| server.process.id() == id)
    }

    pub(crate) fn pause(&self, worker: usize) {
        self.workers[worker].process.signal(Signal::STOP);
    }

    pub(crate) fn wake(&self, worker: usize) {
        self.workers[worker].process.signal(Signal::CONT);
    }
}

fn start(home: &Home, name: &str, role: &str, proxy: &Proxy) -> Process {
    let plugins = plugins();
    let url = proxy.url();
    let words = [
        "serve",
        "--role",
        role,
        "--bus",
        &url,
        "--data",
        name,
        "--listen",
        "127.0.0.1:0",
        "--plugins",
        plugins.to_str().unwrap(),
        "--compiled",
        concat!(env!("CARGO_TARGET_TMPDIR"), "/../compiled"),
    ];
    let mut command = home.chatter(&words);
    // What a test prints when it fails tells who had which room.
    command.env("CHATTER_LOG", "warn,chatter=info,chatter_store=debug");
    command.env(
        "CHATTER_OPERATOR_TOKEN",
        "the-same-token-for-all-of-the-gateways",
    );
    Process::start(command)
}
