//! The command line. Every option of `serve` can stand in the environment and in `chatter.toml` too;
//! [`settings`](crate::settings) puts the layers together.

use crate::{
    Failure,
    audience::GatewayOptions,
    memory::{MemoryCommand, options::MemoryOptions},
    models::ModelsCommand,
    modules::ModulesCommand,
    persona::PersonaOptions,
    pool::{self, PoolOptions},
    senses::{SpeechOptions, VisionOptions},
    settings::{BusText, Listen, Provider, Role, SourceText},
};
use chatter_http::BaseUrl;
use chatter_protocol::{MessageId, RoomId};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  chatter                                        run the rooms in ./configs on http://127.0.0.1:8787
  chatter serve --source show.srt --speed 4      let main/lobby watch a subtitle file, four times as fast
  chatter serve --source show.mp4                listen to a film, or to whatever else ffmpeg reads
  chatter serve --llm openai --llm-model gpt-4o-mini
                                                 with a real language model; the key is in OPENAI_API_KEY
  chatter serve --bus redis://127.0.0.1          bus and store on Redis, which others can share
  chatter persona new nova                       make a persona's project
  chatter serve --watch nova                     ... and let it speak in main/lobby, as of the latest save
  chatter tail main/lobby                        read along in the terminal
  chatter say main/lobby \"hello there\" --name Ana
  chatter memory search --about guest:ana-5f3c   what do personas remember of somebody?
  chatter models pull                            get what it takes to hear what is said on a stream
  chatter config check                           is everything in ./configs right?

Settings come from the command line, else from the environment (the names in brackets above), else from
chatter.toml (in the configuration folder or, if there is none, in the working folder), else the defaults.

Exit codes: 0 well, 1 failed, 2 wrong use or a broken configuration.";

const CHATTER_TOML: &str = "\
Example of a chatter.toml, with the same names as the options:
  listen = \"127.0.0.1:9000\"
  source = \"show.srt\"     # relative paths start at chatter.toml's folder
  loop = true
  [llm]
  provider = \"openai\"     # any server that speaks OpenAI's API
  base_url = \"http://127.0.0.1:11434/v1\"
  model = \"llama3.2\"
  api_key_env = \"MY_KEY\"  # the NAME of the variable that holds the key
  [llm.budgets.tenant]     # docs/operations.md has all of [llm], several models included
  tokens_per_day = 2000000
  [memory]
  provider = \"mem0\"       # with embeddings or without, see --help
  base_url = \"http://127.0.0.1:8888\"
  [speech]                 # what hears words, once `chatter models pull base.en` got it
  model = \"base.en\"
  [vision]                 # what streams show, in words
  base_url = \"http://127.0.0.1:11434/v1\"
  model = \"llava\"
  [limits]                 # of every call; --help lists them all
  cpu_ms = 50
  [pool]                   # what all calls share
  calls = 32
  shares = { acme = 3 }    # when the pool is full: three times what another tenant gets
  [gateway]                # behind a reverse proxy
  proxies = [\"127.0.0.1\"]";

/// chatter puts an audience of AI personas next to a live stream.
#[derive(Debug, Parser)]
#[command(name = "chatter", version, after_help = EXAMPLES, after_long_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) serve: ServeOptions,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the rooms (this is what `chatter` alone does, too)
    Serve(Box<ServeOptions>),
    /// Read a room's chat in the terminal
    Tail(TailOptions),
    /// Say something in a room
    Say(SayOptions),
    /// About the configuration files
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Write personas
    Persona(PersonaOptions),
    /// What personas remember
    #[command(subcommand)]
    Memory(MemoryCommand),
    /// The models that chatter listens with
    #[command(subcommand)]
    Models(ModelsCommand),
    /// About the modules that personas run on
    #[command(subcommand)]
    Modules(ModulesCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the settings and all configuration files, and name everything that is wrong with what `serve`
    /// with these options would run
    Check(Box<ServeOptions>),
}

/// What `serve` runs on.
#[derive(Clone, Debug, Default, Args)]
#[command(after_long_help = format!("{CHATTER_TOML}\n\n{}", pool::limits_help()), after_help = CHATTER_TOML)]
pub struct ServeOptions {
    /// Folder of the configuration: rooms/, personas/, moderation/ [default: ./configs]
    #[arg(
        long,
        value_name = "DIR",
        env = "CHATTER_CONFIG",
        hide_env_values = true
    )]
    pub config: Option<PathBuf>,
    /// Folder for everything that outlives a run [default: the platform's usual place]
    #[arg(long, value_name = "DIR", env = "CHATTER_DATA", hide_env_values = true)]
    pub data: Option<PathBuf>,
    /// Folder of the persona components [default: ./plugins]
    #[arg(
        long,
        value_name = "DIR",
        env = "CHATTER_PLUGINS",
        hide_env_values = true
    )]
    pub plugins: Option<PathBuf>,
    /// How often the plugin folder is looked at even if the system tells of no change in it, as network
    /// filesystems don't, in seconds [default: 5]
    #[arg(
        long,
        value_name = "SECONDS",
        env = "CHATTER_PLUGINS_POLL",
        hide_env_values = true,
        value_parser = poll
    )]
    pub plugins_poll: Option<f64>,
    /// Folder of components that `chatter modules compile` compiled ahead. Code in it is run as it is: it
    /// should be yours alone to write to [default: none]
    #[arg(
        long,
        value_name = "DIR",
        env = "CHATTER_COMPILED",
        hide_env_values = true
    )]
    pub compiled: Option<PathBuf>,
    /// Folder of the built page [default: ./ui/dist]
    #[arg(long, value_name = "DIR", env = "CHATTER_UI", hide_env_values = true)]
    pub ui: Option<PathBuf>,
    /// Where to listen; port 0 takes any free one [default: 127.0.0.1:8787]
    #[arg(
        long,
        value_name = "ADDR:PORT",
        env = "CHATTER_LISTEN",
        hide_env_values = true
    )]
    pub listen: Option<Listen>,
    /// How the services talk to each other, and where rooms' logs, states and sessions are kept: memory (in this
    /// process; kept in the data folder) or a Redis 7 or newer for both, such as redis://USER@HOST:6379 with
    /// ?password_env=NAME (rediss:// with TLS, redis+cluster:// for a cluster) [default: memory]
    #[arg(long, value_name = "BUS", env = "CHATTER_BUS", hide_env_values = true)]
    pub bus: Option<BusText>,
    /// What this process does of the program's work: gateway, context, worker, trends; several with
    /// commas, or by naming the option again. Less than all of it needs a --bus that the others reach
    /// too. Without the gateway, only /healthz, /readyz and /metrics are there at --listen [default: all]
    #[arg(
        long,
        value_name = "ROLE",
        env = "CHATTER_ROLE",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub role: Vec<Role>,
    /// The room that --source, --speed, --loop, --audible and --watch are about [default: main/lobby]
    #[arg(
        long,
        value_name = "TENANT/ROOM",
        env = "CHATTER_ROOM",
        hide_env_values = true
    )]
    pub room: Option<RoomId>,
    /// What that room watches instead of what its own file says: a .vtt or .srt file; a file or URL with sound
    /// (whatever ffmpeg reads: mp4, mp3, HLS, RTSP, ...); rtmp://HOST:PORT/APP/KEY?listen=1 to be pushed to; mic: for
    /// the microphone; browser: for a page that shares its sound
    #[arg(
        long,
        value_name = "FILE|URL",
        env = "CHATTER_SOURCE",
        hide_env_values = true
    )]
    pub source: Option<SourceText>,
    /// How fast it plays; 1 is real time
    #[arg(long, value_name = "N", env = "CHATTER_SPEED", hide_env_values = true, value_parser = speed)]
    pub speed: Option<f64>,
    /// Start again at its end
    #[arg(
        long = "loop", value_name = "BOOL", env = "CHATTER_LOOP", hide_env_values = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    pub looped: Option<bool>,
    /// Let the room's page play the file that the room watches: whoever may read the room may fetch it whole.
    /// With --source it is off unless this is given, whatever the room's own file says
    #[arg(
        long, value_name = "BOOL", env = "CHATTER_AUDIBLE", hide_env_values = true,
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    pub audible: Option<bool>,
    /// A persona's project: built now and at every save, and put into the plugin folder; its
    /// persona.toml gets a seat in --room for this run, if nobody in any room runs on the module.
    /// Can be given several times
    #[arg(long, value_name = "DIR")]
    pub watch: Vec<PathBuf>,
    /// Who writes the personas' lines: offline (built in, no language model), openai (any server that
    /// speaks OpenAI's API), anthropic or gemini [default: offline]
    #[arg(
        long,
        value_name = "PROVIDER",
        env = "CHATTER_LLM",
        hide_env_values = true
    )]
    pub llm: Option<Provider>,
    /// The server's address [default: the vendor's own, such as https://api.openai.com/v1]
    #[arg(
        long,
        value_name = "URL",
        env = "CHATTER_LLM_BASE_URL",
        hide_env_values = true
    )]
    pub llm_base_url: Option<BaseUrl>,
    /// The model's name
    #[arg(
        long,
        value_name = "NAME",
        env = "CHATTER_LLM_MODEL",
        hide_env_values = true
    )]
    pub llm_model: Option<String>,
    /// Name of the environment variable that holds the key [default: at the vendor's own server OPENAI_API_KEY,
    /// ANTHROPIC_API_KEY or GEMINI_API_KEY, else none]
    #[arg(
        long,
        value_name = "VARIABLE",
        env = "CHATTER_LLM_API_KEY_ENV",
        hide_env_values = true
    )]
    pub llm_api_key_env: Option<String>,
    /// At most so many requests to the server at once [default: 4]
    #[arg(
        long,
        value_name = "N",
        env = "CHATTER_LLM_CONCURRENCY",
        hide_env_values = true
    )]
    pub llm_concurrency: Option<usize>,
    #[command(flatten)]
    pub memory: MemoryOptions,
    #[command(flatten)]
    pub pool: PoolOptions,
    #[command(flatten)]
    pub gateway: GatewayOptions,
    /// The program that reads sound and pictures: a path, or a name that is looked for in PATH [default: ffmpeg]
    #[arg(
        long,
        value_name = "FILE",
        env = "CHATTER_FFMPEG",
        hide_env_values = true
    )]
    pub ffmpeg: Option<PathBuf>,
    /// How often a language model, if there is one, sums up what a room hears, in seconds, 10 at least; 0 for
    /// never [default: 45]
    #[arg(
        long,
        value_name = "SECONDS",
        env = "CHATTER_SUMMARY_S",
        hide_env_values = true
    )]
    pub summary_s: Option<u64>,
    #[command(flatten)]
    pub speech: SpeechOptions,
    #[command(flatten)]
    pub vision: VisionOptions,
    /// What is logged to stderr, such as `warn,chatter_gateway=debug` [default: warn,chatter=info]
    #[arg(
        long,
        value_name = "FILTER",
        env = "CHATTER_LOG",
        hide_env_values = true
    )]
    pub log: Option<String>,
    /// What all chance comes from; the same seed makes the same choices [default: another each time]
    #[arg(
        long,
        value_name = "NUMBER",
        env = "CHATTER_SEED",
        hide_env_values = true
    )]
    pub seed: Option<u64>,
}

impl ServeOptions {
    /// Those that the environment names, for commands that go by the same settings.
    pub(crate) fn of_environment() -> Result<Self, Failure> {
        let line = CommandLine::try_parse_from(["chatter"]);
        line.map(|line| line.serve)
            .map_err(|error| Failure::usage(error.to_string()))
    }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    crate::settings::check_speed(speed)
}

fn poll(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    crate::settings::check_poll(seconds)
}

/// Which server a client talks to.
#[derive(Clone, Debug, Args)]
pub(crate) struct Server {
    /// The server's address
    #[arg(
        long,
        value_name = "URL",
        env = "CHATTER_URL",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8787"
    )]
    pub(crate) url: crate::client::url::ServerUrl,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Personas are marked with [ai]. If the server goes away, it is tried again, and nothing is left out.

Examples:
  chatter tail main/lobby
  chatter tail main/lobby --after 0 --json | jq .message.text")]
pub(crate) struct TailOptions {
    /// The room, as tenant/room
    pub(crate) room: RoomId,
    /// Begin after this offset instead of with what is new; 0 begins with the oldest message kept
    #[arg(long, value_name = "OFFSET")]
    pub(crate) after: Option<u64>,
    /// Print each message as a line of JSON: {"offset":N,"message":{...}}
    #[arg(long)]
    pub(crate) json: bool,
    /// If the server is not there yet, wait for it
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) server: Server,
}

#[derive(Debug, Args)]
#[command(after_help = "\
Prints the message's id and its offset in the room's log.

Examples:
  chatter say main/lobby \"what did I miss?\" --name Ana
  chatter say main/lobby \"not so fast\" --reply-to 01890a5d-ac96-774b-bcce-b302099a8057")]
pub(crate) struct SayOptions {
    /// The room, as tenant/room
    pub(crate) room: RoomId,
    /// One line of text
    pub(crate) text: String,
    /// The name that others read
    #[arg(
        long,
        value_name = "NAME",
        env = "CHATTER_NAME",
        hide_env_values = true,
        default_value = "terminal"
    )]
    pub(crate) name: String,
    /// The id of the message that this one answers
    #[arg(long, value_name = "ID")]
    pub(crate) reply_to: Option<MessageId>,
    #[command(flatten)]
    pub(crate) server: Server,
}

#[cfg(test)]
mod tests {
    use super::CommandLine;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn wrong_words_are_refused_and_right_ones_are_not() {
        let cases: [(&[&str], bool); 11] = [
            (&[], true),
            (&["--listen", "127.0.0.1:0"], true),
            (
                &["serve", "--listen=localhost:0", "--loop", "--speed", "4"],
                true,
            ),
            (&["serve", "--loop=false"], true),
            (&["serve", "--bus", "redis://127.0.0.1"], true),
            (&["serve", "--listen", "nowhere"], false),
            (&["serve", "--speed", "-1"], false),
            (&["tail", "Lobby"], false),
            (&["say", "main/lobby", "hi", "--reply-to", "7"], false),
            (&["config", "check", "--config", "x"], true),
            (&["config", "check", "--role", "gateway"], true),
        ];
        for (words, good) in cases {
            let line = CommandLine::try_parse_from([&["chatter"], words].concat());
            assert_eq!(
                line.is_ok(),
                good,
                "{words:?}: {:?}",
                line.err().map(|e| e.to_string())
            );
        }
    }
}
