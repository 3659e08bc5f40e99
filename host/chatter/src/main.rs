//! The program `chatter`; the library of the same name does the work.

fn main() -> std::process::ExitCode {
    chatter::main()
}
