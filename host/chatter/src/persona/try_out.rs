//! `chatter persona try`.

mod input;
mod show;

use crate::{
    Failure,
    args::ServeOptions,
    logging, persona,
    settings::{Provider, llm},
};
use chatter_http::BaseUrl;
use chatter_llm::SharedModel;
use chatter_protocol::Clock;
use chatter_workbench::{
    Wrong,
    rehearsal::{self, OffTheClock},
    timeline::Said,
    tryout::{self, Moment, Options, Pace, Source},
};
use clap::{ArgAction, Args};
use input::say;
use show::{Detail, Page};
use std::{
    io::{self, IsTerminal, Write},
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

#[derive(Debug, Args)]
#[command(after_help = "\
The persona sits alone in a room beside a stream. Each call shows the host's probability that it speaks
with its parts, what was rolled, what it said or why it was silent. On a terminal you may type lines of
your own while it runs.

With another pace than 1 time is simulated: the language model's answers take none, and the same --seed
makes the same choices.

Examples:
  chatter persona try                                  the project here, beside the commentary that ships
  chatter persona try hype.wasm --source show.srt --speed 8 --say \"Ana: hi Hype!@12s\"
  chatter persona try nova --source tests/greets.toml --as-fast-as-possible -v
  chatter persona try nova --as-fast-as-possible --until 120 --json | jq 'select(.moment == \"call\" and .speak)'")]
pub(crate) struct TryOptions {
    /// A project's folder, or a component's file
    #[arg(default_value = ".")]
    what: PathBuf,
    /// What happens: a subtitle file (.vtt, .srt) or a timeline (.toml, docs/persona-tests.md)
    /// [default: the commentary that ships]
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
    /// The character [default: persona.toml in the project, or somebody made up]
    #[arg(long, value_name = "FILE")]
    persona: Option<PathBuf>,
    /// How fast time passes; 1 is real time
    #[arg(long, value_name = "N", default_value = "1", value_parser = speed)]
    speed: f64,
    /// Don't wait for time to pass
    #[arg(long, conflicts_with = "speed")]
    as_fast_as_possible: bool,
    /// What all chance comes from
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    seed: u64,
    /// Somebody says something, for instance `Ana: hi there@12s`; may be given several times
    #[arg(long, value_name = "NAME: TEXT@SECONDS", value_parser = say)]
    say: Vec<Said>,
    /// End after so many seconds of the stream [default: at its end]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    until: Option<Duration>,
    /// Just the chat
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Prompts and answers, too; twice: everything
    #[arg(short, long, action = ArgAction::Count)]
    verbose: u8,
    /// One JSON object a moment, with the whole record of each call
    #[arg(long)]
    json: bool,
    /// Who answers the persona's requests: offline (built in), openai (any server that speaks its API),
    /// anthropic or gemini
    #[arg(
        long,
        value_name = "PROVIDER",
        env = "CHATTER_LLM",
        hide_env_values = true
    )]
    llm: Option<Provider>,
    /// The server's address [default: the vendor's own, such as https://api.openai.com/v1]
    #[arg(
        long,
        value_name = "URL",
        env = "CHATTER_LLM_BASE_URL",
        hide_env_values = true
    )]
    llm_base_url: Option<BaseUrl>,
    /// The model's name
    #[arg(
        long,
        value_name = "NAME",
        env = "CHATTER_LLM_MODEL",
        hide_env_values = true
    )]
    llm_model: Option<String>,
    /// Name of the environment variable that holds the key [default: OPENAI_API_KEY, ANTHROPIC_API_KEY or
    /// GEMINI_API_KEY]
    #[arg(
        long,
        value_name = "VARIABLE",
        env = "CHATTER_LLM_API_KEY_ENV",
        hide_env_values = true
    )]
    llm_api_key_env: Option<String>,
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (1.0..=1000.0).contains(&speed) => Ok(speed),
        Ok(speed) => Err(format!("{speed} is not in 1..=1000")),
        Err(_) => Err("not a number".into()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    input::seconds(text).map(Duration::from_millis)
}

pub(crate) fn run(options: TryOptions) -> Result<(), Failure> {
    // What a persona logs is shown with its call, and why it is left out as this command's error.
    let log = "warn,persona=off,chatter_context=error,chatter_runtime::catalogue=off";
    logging::start(logging::filter(log).map_err(Failure::usage)?);
    let subject = persona::subject(&options.what, options.persona.as_deref())?;
    let mut source = Source::read(options.source.as_deref()).map_err(wrong)?;
    source.chat.extend(options.say.iter().cloned());
    let pace = match options.speed {
        _ if options.as_fast_as_possible => Pace::AtOnce,
        1.0 => Pace::Live,
        speed => Pace::Times(speed),
    };
    let settings = llm(ServeOptions {
        llm: options.llm,
        llm_base_url: options.llm_base_url.clone(),
        llm_model: options.llm_model.clone(),
        llm_api_key_env: options.llm_api_key_env.clone(),
        ..ServeOptions::default()
    })?;
    let cannot = |error: io::Error| Failure::failed(format!("can't start: {error}"));
    // Where a model that is far away is waited for in real time.
    let outside = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(cannot)?;
    let mut thinks: SharedModel = Arc::new(settings.router(Clock::system())?);
    if pace != Pace::Live && !settings.is_offline() {
        thinks = Arc::new(OffTheClock::new(thinks, outside.handle().clone()));
    }
    let typed =
        (pace != Pace::AtOnce && !options.json && io::stdin().is_terminal()).then(input::typed);
    let interactive = typed.is_some();
    let mut page = Page::new(
        match (options.quiet, options.verbose) {
            (true, _) => Detail::Chat,
            (false, 0) => Detail::Why,
            (false, 1) => Detail::Prompts,
            (false, _) => Detail::Everything,
        },
        subject.persona.name.clone(),
    );
    let cache = persona::cache()?;
    let mut broken = None;
    let json = options.json;
    if !json {
        let from = options
            .source
            .as_ref()
            .map_or("the commentary that ships".into(), |file| {
                file.display().to_string()
            });
        let how = match pace {
            Pace::Live if interactive => {
                "in real time; type a line to say it, Ctrl-C ends it".to_owned()
            }
            Pace::Live => "in real time; Ctrl-C ends it".to_owned(),
            Pace::Times(speed) => format!("{speed} times as fast"),
            Pace::AtOnce => "in simulated time".to_owned(),
        };
        let _ = print(&page.title(&subject.persona, &from, &how, &thinks.about()));
    }
    let executor = rehearsal::executor(pace != Pace::Live).map_err(cannot)?;
    let summary = executor.block_on(async {
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        // A signal is no timer: it comes through whatever time is.
        outside.spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                let _ = stop.send(());
            }
        });
        let tell = |moment: Moment| {
            let text = if json {
                serde_json::to_string(&moment)
                    .map(|line| line + "\n")
                    .map_err(io::Error::other)
            } else {
                Ok(page.moment(&moment))
            };
            match text.and_then(|text| print(&text)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    broken = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        tryout::run(
            Options {
                subject,
                source,
                pace,
                seed: options.seed,
                until: options.until,
                model: thinks,
                cache,
                typed,
                stopped,
            },
            tell,
        )
        .await
    });
    executor.shutdown_background();
    outside.shutdown_background();
    let summary = summary.map_err(wrong)?;
    match broken {
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
        Some(error) => return Err(Failure::failed(format!("can't print: {error}"))),
        None => {}
    }
    let text = if json {
        serde_json::json!({ "moment": "end", "at": summary.seconds, "summary": summary })
            .to_string()
            + "\n"
    } else {
        page.summary(&summary)
    };
    let _ = print(&text);
    Ok(())
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn wrong(wrong: Wrong) -> Failure {
    Failure::usage(wrong.to_string())
}
