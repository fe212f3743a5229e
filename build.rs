//! Lists the files of `adapters/_template`, so that the program carries them: `pontile adapter new` starts from them.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

const TEMPLATES: &str = "adapters/_template";

#[expect(
    clippy::unnecessary_debug_formatting,
    reason = "texts of Rust, in quotes and escaped"
)]
fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={TEMPLATES}");
    let mut list = String::from("&[\n");
    for folder in sorted(Path::new(TEMPLATES))? {
        let mut files = Vec::new();
        collect(&folder, &mut files)?;
        list += &format!("({:?}, &[\n", name(&folder));
        for file in files {
            let inside = file.strip_prefix(&folder).unwrap_or(&file);
            list += &format!(
                "({inside:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/\", {file:?}))),\n"
            );
        }
        list += "]),\n";
    }
    let out = env::var_os("OUT_DIR")
        .map(PathBuf::from)
        .unwrap_or_default();
    fs::write(out.join("templates.rs"), list + "]\n")
}

/// What playing the examples writes is not carried.
fn is_written_by_playing(file: &Path) -> bool {
    name(file).starts_with("2-") || name(file).starts_with("4-")
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for path in sorted(folder)? {
        if path.is_dir() {
            collect(&path, files)?;
        } else if !is_written_by_playing(&path) {
            files.push(path);
        }
    }
    Ok(())
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries: io::Result<Vec<PathBuf>> = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect();
    let mut entries = entries?;
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}
