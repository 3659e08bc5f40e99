//! The command line of a benchmark.

use std::{fmt::Display, str::FromStr};

/// What follows an option.
pub(crate) struct Value<'a> {
    name: &'a str,
    words: &'a mut dyn Iterator<Item = String>,
}

impl Value<'_> {
    pub(crate) fn text(&mut self) -> Result<String, String> {
        let value = self.words.next();
        value.ok_or_else(|| format!("{} needs a value", self.name))
    }

    pub(crate) fn number<T: FromStr<Err: Display>>(&mut self) -> Result<T, String> {
        let text = self.text()?;
        let number = text.parse();
        number.map_err(|wrong| format!("{} {text}: {wrong}", self.name))
    }

    /// A number above 0.
    pub(crate) fn amount<T: FromStr<Err: Display> + Default + PartialOrd>(
        &mut self,
    ) -> Result<T, String> {
        let amount = self.number()?;
        if amount > T::default() {
            return Ok(amount);
        }
        Err(format!("{}: it must be above 0", self.name))
    }
}

/// Gives `set` the name of each option, and what takes its value; `None` if there is no such option. Ends the program
/// where it is to give help or can't be understood.
pub(crate) fn read(help: &str, mut set: impl FnMut(&str, Value) -> Option<Result<(), String>>) {
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        match name.as_str() {
            "-h" | "--help" => {
                print!("{help}");
                std::process::exit(0);
            }
            // Cargo's own.
            "--bench" => continue,
            _ => {}
        }
        let value = Value {
            name: &name,
            words: &mut words,
        };
        let done = set(&name, value);
        if let Err(wrong) = done.unwrap_or_else(|| Err(format!("{name}: there is no such option")))
        {
            eprintln!("{wrong}\n\n{help}");
            std::process::exit(2);
        }
    }
}
