//! Files of an SFTP server, by OpenSSH's own client as a child process: decision 0010.
//!
//! The server's key is pinned, ours is the only way in, no configuration of the machine is read, nothing is ever written there.

use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use rustix::fs::{MemfdFlags, Mode, fchmod, memfd_create};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::source::Listed;
use crate::config::instance::InstanceSettings;
use crate::config::secret::SecretReference;
use crate::connectors::error::{ConnectorError, Kind};

/// A look at a folder takes no longer.
const LISTING: Duration = Duration::from_mins(1);
/// A night's files take no longer.
const BRINGING: Duration = Duration::from_hours(1);
/// The name under which the server's key is known, whatever the server is called.
const ALIAS: &str = "consegna";

/// A folder of an SFTP server.
pub struct Sftp {
    user_and_host: String,
    port: u16,
    folder: String,
    host_key: String,
    key: SecretReference,
    connect_deadline: Duration,
}

impl Sftp {
    /// The server at an instance's address; the configuration was checked.
    pub(super) fn of(settings: &InstanceSettings) -> Result<Sftp, ConnectorError> {
        let wrong = |text: &str| ConnectorError::permanent(Kind::Gateway, text);
        let rest = settings.address.strip_prefix("sftp://");
        let rest = rest.ok_or_else(|| wrong("the address is neither folder: nor sftp:"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user_and_host, port) = match authority.rsplit_once(':') {
            Some((before, port)) => (before, port.parse().map_err(|_| wrong("no port"))?),
            None => (authority, 22),
        };
        let night = settings.night.as_ref();
        let host_key = night.and_then(|night| night.host_key.clone());
        let key = settings
            .secrets
            .get("key")
            .map(|secret| secret.reference.clone());
        Ok(Sftp {
            user_and_host: user_and_host.to_owned(),
            port,
            folder: match path.strip_prefix("~/") {
                Some(below_home) => format!("./{below_home}"),
                None => format!("/{path}"),
            },
            host_key: host_key.ok_or_else(|| wrong("no host key"))?,
            key: key.ok_or_else(|| wrong("no key"))?,
            connect_deadline: settings.bounds.connect_deadline.0,
        })
    }

    pub(super) async fn list(&self) -> Result<Vec<Listed>, ConnectorError> {
        let batch = format!("cd {}\nls -ln\n", quoted(&self.folder));
        let said = self.run(&batch, LISTING).await?;
        Ok(said.lines().filter_map(listed).collect())
    }

    pub(super) async fn get(&self, names: &[&str], into: &Path) -> Result<(), ConnectorError> {
        let mut batch = format!("cd {}\n", quoted(&self.folder));
        for name in names {
            let here = into.join(name);
            batch += &format!("get {} {}\n", quoted(name), quoted(&here.to_string_lossy()));
        }
        self.run(&batch, BRINGING).await.map(drop)
    }

    async fn run(&self, batch: &str, patience: Duration) -> Result<String, ConnectorError> {
        let key = self.key.read().map_err(|error| {
            ConnectorError::permanent(Kind::Gateway, format!("the key: {error}"))
        })?;
        let key = in_memory(&key).map_err(|error| at_start(&error))?;
        let known = SecretString::from(format!("{ALIAS} {}", self.host_key));
        let known = in_memory(&known).map_err(|error| at_start(&error))?;
        let option = |name: &str, value: String| format!("-o{name}={value}");
        let mut command = Command::new("sftp");
        command
            .args(["-F", "none", "-b", "-"])
            .args(["-P", &self.port.to_string()])
            .arg(option("IdentityFile", path_of(&key)))
            .arg(option("UserKnownHostsFile", path_of(&known)))
            .arg(option("HostKeyAlias", ALIAS.to_owned()))
            .arg(option(
                "ConnectTimeout",
                self.connect_deadline.as_secs().max(1).to_string(),
            ))
            .args([
                "-oBatchMode=yes",
                "-oIdentitiesOnly=yes",
                "-oIdentityAgent=none",
                "-oPreferredAuthentications=publickey",
                "-oStrictHostKeyChecking=yes",
                "-oUpdateHostKeys=no",
                "-oGlobalKnownHostsFile=none",
                "-oServerAliveInterval=15",
                "-oServerAliveCountMax=4",
            ])
            .arg("--")
            .arg(&self.user_and_host)
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| at_start(&error))?;
        let mut input = child.stdin.take();
        let whole = async {
            if let Some(input) = &mut input {
                // A client that refuses to start reads nothing, and says why on its own.
                let _ = input.write_all(batch.as_bytes()).await;
            }
            drop(input);
            child.wait_with_output().await
        };
        match timeout(patience, whole).await {
            Ok(Ok(output)) if output.status.success() => {
                Ok(String::from_utf8_lossy(&output.stdout).into_owned())
            }
            Ok(Ok(output)) => Err(failure(&output)),
            Ok(Err(error)) => Err(at_start(&error)),
            Err(_) => Err(ConnectorError::passing(
                Kind::TimedOut,
                "SFTP: not done within its time",
            )),
        }
    }
}

/// A file that only this process and its children can open, and that never touches a disk.
fn in_memory(text: &SecretString) -> std::io::Result<OwnedFd> {
    let file = memfd_create("pontile", MemfdFlags::CLOEXEC)?;
    fchmod(&file, Mode::RUSR | Mode::WUSR)?;
    let mut file = File::from(file);
    file.write_all(text.expose_secret().as_bytes())?;
    file.write_all(b"\n")?;
    Ok(file.into())
}

fn path_of(file: &OwnedFd) -> String {
    format!("/proc/{}/fd/{}", std::process::id(), file.as_raw_fd())
}

fn at_start(error: &std::io::Error) -> ConnectorError {
    ConnectorError::permanent(
        Kind::Gateway,
        format!("OpenSSH's client sftp does not start: {error}"),
    )
}

/// What the client says last is what went wrong.
fn failure(output: &Output) -> ConnectorError {
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said
        .lines()
        .map(str::trim)
        .rfind(|line| !line.is_empty() && !line.starts_with("Connection closed"));
    let clean: String = last
        .unwrap_or("no reason given")
        .chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect();
    let kind = if said.contains("Permission denied (") {
        Kind::CredentialsRefused
    } else {
        Kind::Unreachable
    };
    let host_key = said.contains("Host key verification failed");
    let detail = if host_key {
        "SFTP: the server's key is not the one that is configured".to_owned()
    } else {
        format!("SFTP: {clean}")
    };
    ConnectorError::passing(kind, detail)
}

/// As the client's batches write a name that is only a name.
fn quoted(name: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in name.chars() {
        if matches!(letter, '"' | '\\' | '*' | '?' | '[') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted.push('"');
    quoted
}

/// `-rw-r--r--    ? 1000     1000          665 Nov 23 01:00 name`; other lines and other files than plain ones are none.
fn listed(line: &str) -> Option<Listed> {
    let mut rest = line.strip_prefix('-')?;
    let mut word = || {
        rest = rest.trim_start();
        let (word, after) = rest.split_once(' ')?;
        rest = after;
        Some(word)
    };
    let (_mode, _links, _user, _group) = (word()?, word()?, word()?, word()?);
    let size = word()?.parse().ok()?;
    let changed = [word()?, word()?, word()?].join(" ");
    let name = rest.trim_start();
    let harmless = !name.is_empty() && !name.contains(['/', '\n', '\r', '\0']);
    harmless.then(|| Listed {
        name: name.to_owned(),
        size,
        changed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_listing_gives_plain_files_with_their_sizes() {
        let line = "-rw-r--r--    ? 1000     1000          665 Nov 23 01:00 ANA PER_C933.txt";
        let file = listed(line).expect("a file");
        assert_eq!((file.name.as_str(), file.size), ("ANA PER_C933.txt", 665));
        assert_eq!(file.changed, "Nov 23 01:00");
        for other in [
            "drwxr-xr-x ? 0 0 4096 Nov 23 01:00 altro",
            "sftp> ls -ln",
            "",
        ] {
            assert_eq!(listed(other), None);
        }
        assert_eq!(quoted("a\"b*"), "\"a\\\"b\\*\"");
    }
}
