//! `pontile adapter schema`: the JSON Schema of `adapter.toml`, written from the code.

use std::path::Path;

use crate::connectors::adapter::schema::schema;

use super::{Failure, say};

/// Writes the schema into the file, or prints it.
pub fn run(file: Option<&Path>) -> Result<(), Failure> {
    let text = format!("{:#}", schema());
    let Some(file) = file else {
        return say(text);
    };
    std::fs::write(file, text + "\n")
        .map_err(|error| Failure::because(&file.display().to_string(), error))?;
    say(file.display())
}
