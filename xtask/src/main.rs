//! The project's own commands: `cargo xtask demo`, `cargo xtask test` and what they rest on.
//!
//! Every command does its own set-up, so that it works in a fresh clone; what is done already is not
//! done again. It knows the tools that build the project and the layout of this repository, and
//! nothing of what the crates do.

mod api;
mod bench;
mod demo;
mod deny;
mod models;
mod npm;
mod personas;
mod python;
mod real;
mod repo;
mod setup;
mod sound;
mod steps;
mod templates;
mod test;
mod ui;

use std::process::ExitCode;

const HELP: &str = "\
The project's own commands. Each does its own set-up and leaves out what is done already.

Usage: cargo xtask COMMAND

Commands:
  demo [-- OPTIONS]  build everything and run the shipped rooms; OPTIONS go to `chatter serve`
  test               everything that must hold before a change goes in; .ci/run runs this
  test --real        tests against real services, which `test` leaves out: a language model with its
                     weights in llama.cpp's server, and Mem0; takes minutes, and downloads some 250 MB
                     the first time
  llama              that language model alone, on a free port, until ctrl-C
  personas           build personas/* to WebAssembly and put them into plugins/; `personas test` runs the
                     tests of those in JavaScript and Python, and of their SDKs; `personas new` makes a project of
                     each template, builds it and runs its tests, by the program that the tests built
  api [-- WORDS]     the program's API beside what its OpenAPI document says, by Schemathesis; WORDS go to it,
                     such as `--seed 7`
  ui                 build the page; `ui check` checks its types, `ui test` runs its tests
  ui e2e [-- WORDS]  the page's tests in Chromium, before the real program; WORDS go to Playwright
  ui shots           pictures of the page into target/shots
  bench              how much the host adds to one persona call; names of components choose
  bench swap         how long a changed module takes to serve, under load; `--calls N` a second,
                     `--swaps N` changes
  bench peers        the same call natively, and as a plugin of another system
  bench capacity     calls a second on all cores, and the memory of 100 calls that wait
  bench roster       what registered personas cost at rest; `--personas N`, 1000 if it isn't given
  bench chat         twelve characters for five minutes on a language model with its weights in llama.cpp's
                     server, and on Redis: tokens, latencies, fallbacks; `--help` lists its options
  bench crowd        how a room's crowd chats, beside real chat; `--help` lists its options
  bench neighbours   what well-behaved calls feel of hostile ones; names of attacks choose
  bench ingest       what the path from chat.ingest to chat.firehose carries, on Redis and in one process,
                     beside the same without any rules; `--messages N`, 20000 if it isn't given
  bench speech       how well and how fast streams are heard, beside plain whisper.cpp; `--help` lists its
                     options; downloads 280 MB the first time
  bench listen       the whole program listens to a recording in real time: contexts on time, their sizes,
                     memory, drift; `--minutes N`, 1 if it isn't given
  bench fanout       what it costs to show a message to a large audience, beside one bare send() for each;
                     `--peers` beside bun, ws, nchan and NATS, too; `--help` lists its options
  bench moderation   what a verdict costs with 10,000 entries, beside a plain search for them
  bench page         how smoothly the page runs in a busy room; `--minutes N` watches it for longer
  models             get the models that the tests and the demo listen with (77 MB)
  sound              speak the shipped commentary anew, after it was changed (needs festival, its voice
                     festvox-us-slt-hts, and ffmpeg)
  deny               check licences, advisories and sources of all dependencies
  setup              only the set-up: toolchain, target, system packages

Examples:
  cargo xtask demo
  cargo xtask demo -- --source my.srt --speed 4
  cargo xtask test
  cargo xtask ui e2e -- --grep keyboard
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [] | ["-h" | "--help" | "help", ..] | [_, "-h" | "--help"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        ["demo"] => demo::run(&[]),
        ["demo", "--", rest @ ..] => demo::run(rest),
        ["test"] => test::run(),
        ["test", "--real"] => real::run(),
        ["llama"] => real::llama(),
        ["personas"] => setup::personas().and_then(|()| personas::build_with_tests()),
        ["personas", "test"] => setup::personas().and_then(|()| personas::test()),
        ["personas", "new"] => setup::personas().and_then(|()| templates::test()),
        ["api"] => api::test(&[]),
        ["api", "--", rest @ ..] => api::test(rest),
        ["ui"] => setup::node().and_then(|()| ui::build()),
        ["ui", "check"] => setup::node().and_then(|()| ui::check()),
        ["ui", "test"] => setup::node().and_then(|()| ui::test()),
        ["ui", "e2e"] => ui::show("e2e", &[]),
        ["ui", "e2e", "--", rest @ ..] => ui::show("e2e", rest),
        ["ui", "shots"] => ui::show("shots", &[]),
        ["bench", "peers"] => bench::peers(),
        ["bench", "capacity", rest @ ..] => bench::capacity(rest),
        ["bench", "roster", rest @ ..] => bench::roster(rest),
        ["bench", "chat", rest @ ..] => bench::chat(rest),
        ["bench", "crowd", rest @ ..] => bench::crowd(rest),
        ["bench", "swap", rest @ ..] => bench::swap(rest),
        ["bench", "neighbours", rest @ ..] => bench::neighbours(rest),
        ["bench", "fanout", rest @ ..] => bench::fanout(rest),
        ["bench", "ingest", rest @ ..] => bench::ingest(rest),
        ["bench", "speech", rest @ ..] => bench::speech(rest),
        ["bench", "listen", rest @ ..] => bench::listen(rest),
        ["bench", "moderation", rest @ ..] => bench::moderation(rest),
        ["bench", "page", rest @ ..] => bench::page(rest),
        ["bench", rest @ ..] => bench::run(rest),
        ["models"] => setup::toolchain()
            .and_then(|()| demo::program())
            .and_then(|()| models::get()),
        ["sound"] => sound::make(),
        ["deny"] => deny::run(),
        ["setup"] => setup::everything(),
        other => {
            eprintln!("`cargo xtask {}` is no command.\n\n{HELP}", other.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
