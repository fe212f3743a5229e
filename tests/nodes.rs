//! Several nodes on one database: what one takes back all have taken back, and a node that cannot know refuses.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on must say so at once"
)]

mod harness;
mod pki;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use pontile::gateway::Gateway;
use pontile::reload::Reloader;
use pontile::reload::grants;
use pontile::snapshot::{self, Built, Kept};
use pontile::store::Store;
use pontile::telemetry::Telemetry;
use pontile::telemetry::log::{Log, LogSettings};
use pontile::telemetry::metrics::Metrics;

use harness::postgres::{ADMINISTRATOR, PASSWORD, Postgres};

const GRANT: &str = "id = \"catalogo\"\nversion = 1\nportal = \"uno\"\nenti = \"all\"\noperations = [\"catalogo.enti\"]\n";

const LISTS: &str = r#"
[[portal]]
name = "uno"
certificates = [{ subject = "CN=portale-uno,O=Provincia di Como (sviluppo),C=IT" }]
rate = { per_second = 1, burst = 1 }
"#;

/// A node without doors: its files, its gateway, and whoever follows the others.
struct Node {
    gateway: Arc<Gateway>,
    reloader: Arc<Reloader>,
    folder: PathBuf,
    following: tokio::task::JoinHandle<()>,
}

/// A folder with the database's address and keys that all nodes share.
struct Shared {
    postgres: Postgres,
    folder: tempfile::TempDir,
}

impl Shared {
    fn start() -> Option<Shared> {
        let postgres = Postgres::start(&[])?;
        let folder = tempfile::tempdir().expect("a folder");
        pki::make(&folder.path().join("pki"));
        fs::write(folder.path().join("password"), PASSWORD).expect("a password");
        Some(Shared { postgres, folder })
    }

    async fn node(&self, name: &str) -> Node {
        let folder = self.folder.path().join(name);
        fs::create_dir_all(folder.join("concessioni")).expect("a folder");
        fs::write(folder.join("concessioni/catalogo.toml"), GRANT).expect("a grant");
        let door = "address = \"127.0.0.1:0\"\ncertificate = \"../pki/server.pem\"\nkey = \"../pki/server.key\"\n\
                    authorities = [\"../pki/root.pem\"]\nrevocations = [\"../pki/root.crl.pem\"]\n";
        let database = self.postgres.address(ADMINISTRATOR, "postgres");
        let text = format!(
            "[node]\nname = \"{name}\"\nnodes = 2\n[portal_door]\n{door}[operator_door]\n{door}\
             [record]\ndatabase = \"{database}\"\npassword = {{ file = \"../password\" }}\n\
             subject_key = \"../subject.key\"\n{LISTS}"
        );
        fs::write(folder.join("pontile.toml"), text).expect("the configuration");
        Node::start(folder, name).await
    }
}

impl Node {
    async fn start(folder: PathBuf, name: &str) -> Node {
        let config = folder.join("pontile.toml");
        let kept = Kept::new().expect("keys for resumption");
        let built = snapshot::build(&config, &[], 1, &kept).expect("a sound configuration");
        Store::migrate(&built.settings.record)
            .await
            .expect("a record");
        let store = Store::open(&built.settings.record, built.settings.retention, name);
        let store = store.await.expect("the record");
        let agreed = grants::agree(&store, &config, &kept, built).await;
        let start = agreed.expect("the grants are agreed on");
        let Built {
            settings,
            snapshot,
            files,
        } = start.built;
        let log = Log::open(&LogSettings {
            file: Some(folder.join("log")),
            keep_months: 1,
        });
        let telemetry = Telemetry {
            metrics: Metrics::new(),
            log: Arc::new(log.expect("a log")),
            traces: None,
        };
        let node = settings.node.clone();
        let gateway = Gateway::new(node, store, &settings.cache, telemetry, snapshot);
        gateway.grants.in_force(start.number);
        let gateway = Arc::new(gateway);
        let reloader = Reloader::new(Arc::clone(&gateway), config, kept, settings, files);
        let reloader = Arc::new(reloader);
        let following = tokio::spawn(Arc::clone(&reloader).follow_grants());
        Node {
            gateway,
            reloader,
            folder,
            following,
        }
    }

    fn grants(&self) -> usize {
        let snapshot = self.gateway.snapshot();
        snapshot
            .portals()
            .iter()
            .map(|portal| portal.grants.len())
            .sum()
    }

    async fn reload(&self) {
        let reloader = Arc::clone(&self.reloader);
        let reload = tokio::task::spawn_blocking(move || reloader.reload());
        reload.await.unwrap().expect("a sound configuration");
    }

    async fn stop(self) {
        self.following.abort();
        self.gateway.store.close().await;
    }
}

async fn until(what: &str, at_most: Duration, is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < at_most, "{what}: not after {at_most:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn take_back(folder: &Path) {
    fs::remove_file(folder.join("concessioni/catalogo.toml")).expect("the grant was there");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_node_takes_back_the_other_has_taken_back_at_once_and_after_its_restart() {
    let Some(shared) = Shared::start() else {
        return;
    };
    let (one, two) = (shared.node("uno").await, shared.node("due").await);
    assert_eq!((one.grants(), two.grants()), (1, 1));
    assert_eq!(one.gateway.grants.number(), two.gateway.grants.number());
    tokio::time::sleep(Duration::from_millis(300)).await;
    take_back(&one.folder);
    one.reload().await;
    assert_eq!((one.grants(), one.gateway.grants.number()), (0, 2));
    until("the other node", Duration::from_millis(900), || {
        two.grants() == 0
    })
    .await;
    until("its number", Duration::from_millis(900), || {
        two.gateway.grants.number() == 2
    })
    .await;

    // The files of the second node still have the grant: its restart, or a new certificate, gives nothing back.
    assert!(two.folder.join("concessioni/catalogo.toml").exists());
    let folder = two.folder.clone();
    two.stop().await;
    let two = Node::start(folder, "due").await;
    assert_eq!((two.grants(), two.gateway.grants.number()), (0, 2));
    // Whoever reloads it means its files.
    two.reload().await;
    assert_eq!((two.grants(), two.gateway.grants.number()), (1, 3));
    until("the first node", Duration::from_secs(2), || {
        one.grants() == 1
    })
    .await;
    for node in [one, two] {
        node.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_hears_nothing_for_five_seconds_does_not_trust_its_grants_and_does_so_again_later()
 {
    let Some(mut shared) = Shared::start() else {
        return;
    };
    let node = shared.node("uno").await;
    until("the first word", Duration::from_secs(3), || {
        node.gateway.grants.is_recent(Instant::now())
    })
    .await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    shared.postgres.stop();
    let stopped = Instant::now();
    let trusts = || node.gateway.grants.is_recent(Instant::now());
    assert!(trusts(), "a moment of silence is borne");
    until("distrust", Duration::from_secs(7), || !trusts()).await;
    assert!(stopped.elapsed() > Duration::from_secs(2));
    shared.postgres.start_again();
    until("trust", Duration::from_secs(5), trusts).await;
    assert_eq!(node.grants(), 1);
    node.stop().await;
}
