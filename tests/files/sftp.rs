//! Files fetched from Debian's OpenSSH server.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::Utc;
use pontile::config::secret::SecretReference;
use pontile::connectors::error::Kind;
use pontile::connectors::files::report::Outcome::InVigore;

use crate::house::House;

/// An SSH server that does nothing but SFTP, for us alone.
struct Server {
    child: Child,
    port: u16,
    folder: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("a server to stop");
        self.child.wait().expect("a server that has stopped");
    }
}

fn make_key(file: &Path) -> String {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
        .arg(file)
        .status();
    assert!(made.unwrap().success());
    fs::read_to_string(file.with_extension("pub"))
        .unwrap()
        .trim()
        .to_owned()
}

impl Server {
    fn start(folder: &Path) -> Server {
        let folder = folder.join("sshd");
        fs::create_dir(&folder).unwrap();
        make_key(&folder.join("host"));
        let client = make_key(&folder.join("client"));
        fs::write(folder.join("authorized"), client).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let settings = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {here}/host\nAuthorizedKeysFile {here}/authorized\nStrictModes no\n\
             PidFile none\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             Subsystem sftp internal-sftp\nForceCommand internal-sftp\n",
            here = folder.display()
        );
        fs::write(folder.join("sshd_config"), settings).unwrap();
        // The server wants this folder even where it separates nothing.
        let _ = fs::create_dir_all("/run/sshd");
        let child = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(folder.join("sshd_config"))
            .stdin(Stdio::null())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .expect("openssh-server is installed");
        let server = Server {
            child,
            port,
            folder,
        };
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs::read_to_string(server.folder.join("log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(10), "{log}");
            #[expect(
                clippy::disallowed_methods,
                reason = "tests wait on a thread of their own"
            )]
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    fn host_key(&self) -> String {
        let text = fs::read_to_string(self.folder.join("host.pub")).unwrap();
        text.trim().to_owned()
    }
}

fn over_sftp(house: &mut House, server: &Server) {
    let user = String::from_utf8(Command::new("id").arg("-un").output().unwrap().stdout).unwrap();
    house.settings.address = format!(
        "sftp://{}@127.0.0.1:{}{}",
        user.trim(),
        server.port,
        house.drop_folder().display()
    );
    house.schedule().host_key = Some(server.host_key());
    let key = SecretReference::File(server.folder.join("client"));
    house.settings.secrets.insert("key".to_owned(), key.into());
}

#[tokio::test]
async fn files_come_from_the_server_whose_key_is_known_and_nothing_is_left_behind() {
    let mut house = House::of("tracciato-anagrafe");
    let server = Server::start(house.folder.path());
    over_sftp(&mut house, &server);
    house.deliver(house.today, &[]);
    assert_eq!(house.look().await, [InVigore]);
    house.persona("RSSMRA80A01C933H").await.unwrap();
    let folder = house.shelf.vault().folder_of(&house.post().place());
    assert!(!folder.join("in-arrivo").exists());
    assert!(house.look().await.is_empty());
}

#[tokio::test]
async fn another_server_or_another_key_of_ours_is_refused() {
    let mut house = House::of("tracciato-anagrafe");
    let server = Server::start(house.folder.path());
    over_sftp(&mut house, &server);
    house.deliver(house.today, &[]);
    let other = make_key(&house.folder.path().join("other"));
    house.schedule().host_key = Some(other);
    let failure = house.try_look(Utc::now()).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unreachable);
    assert!(failure.detail.contains("server's key"), "{failure}");
    over_sftp(&mut house, &server);
    let key = SecretReference::File(house.folder.path().join("other"));
    house.settings.secrets.insert("key".to_owned(), key.into());
    let failure = house.try_look(Utc::now()).await.unwrap_err();
    assert_eq!(failure.kind, Kind::CredentialsRefused, "{failure}");
    drop(server);
    let failure = house.try_look(Utc::now()).await.unwrap_err();
    assert_eq!(failure.kind, Kind::Unreachable, "{failure}");
}
