//! A changed configuration comes into force whole or not at all, and the process goes on.

mod pki;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use chrono::Utc;
use pontile::gateway::Gateway;
use pontile::reload::Reloader;
use pontile::snapshot::{self, Built, Kept};
use pontile::store::Store;
use pontile::telemetry::Telemetry;
use pontile::telemetry::log::{Log, LogSettings};
use pontile::telemetry::metrics::Metrics;
use pontile::trust::{PeerCertificate, Verdict};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// A gateway without doors over a folder with its own PKI.
struct Running {
    gateway: Arc<Gateway>,
    reloader: Reloader,
    folder: tempfile::TempDir,
}

const PORTAL: &str = r#"
[[portal]]
name = "uno"
certificates = [{ subject = "CN=portale-uno,O=Provincia di Como (sviluppo),C=IT" }]
rate = { per_second = 1, burst = 1 }
"#;

const DOOR: &str = r#"
address = "127.0.0.1:0"
certificate = "pki/server.pem"
key = "pki/server.key"
authorities = ["pki/root.pem"]
revocations = ["pki/root.crl.pem"]
"#;

impl Running {
    async fn start() -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        pki::make(&folder.path().join("pki"));
        write(folder.path(), PORTAL);
        let config = folder.path().join("pontile.toml");
        let kept = Kept::new().expect("keys for resumption");
        let built = snapshot::build(&config, &[], 1, &kept).expect("a sound configuration");
        let Built {
            settings,
            snapshot,
            files,
        } = built;
        Store::migrate(&settings.record).await.expect("a record");
        let store = Store::open(&settings.record, settings.retention, "prova")
            .await
            .expect("the record");
        let log = Log::open(&LogSettings {
            file: Some(folder.path().join("log")),
            keep_months: 1,
        });
        let telemetry = Telemetry {
            metrics: Metrics::new(),
            log: Arc::new(log.expect("a log")),
            traces: None,
        };
        let node = settings.node.clone();
        let gateway = Gateway::new(node, store, &settings.cache, telemetry, snapshot);
        let gateway = Arc::new(gateway);
        let reloader = Reloader::new(Arc::clone(&gateway), config, kept, settings, files);
        Running {
            gateway,
            reloader,
            folder,
        }
    }

    fn generation(&self) -> u64 {
        self.gateway.snapshot().generation
    }

    fn peer(&self, name: &str) -> PeerCertificate {
        let path = self.folder.path().join(format!("pki/{name}.pem"));
        let certificate = CertificateDer::from_pem_file(path).expect("a certificate");
        PeerCertificate::of_chain(&[certificate]).expect("readable")
    }
}

fn write(folder: &Path, more: &str) {
    let text = format!(
        "[portal_door]{DOOR}[operator_door]{DOOR}\n\
         [record]\ndatabase = \"sqlite:record\"\nsubject_key = \"subject.key\"\nfree_disk = \"1MiB\"\n{more}"
    );
    fs::write(folder.join("pontile.toml"), text).expect("the file is written");
}

#[tokio::test]
async fn a_sound_change_is_swapped_and_requests_under_way_keep_what_they_began_with() {
    let running = Running::start().await;
    let begun_with = running.gateway.snapshot();
    write(running.folder.path(), "");
    let reloaded = running.reloader.reload().expect("a sound configuration");
    assert_eq!(reloaded.generation, 2);
    assert!(reloaded.needing_restart.is_empty());
    let peer = running.peer("portale-uno");
    assert!(begun_with.portal_of(&peer).is_some());
    assert!(running.gateway.snapshot().portal_of(&peer).is_none());
    assert_ne!(running.gateway.snapshot().digest, begun_with.digest);
}

#[tokio::test]
async fn a_bad_configuration_is_refused_whole_and_the_old_one_stays() {
    let running = Running::start().await;
    write(
        running.folder.path(),
        &PORTAL.replace("burst = 1", "burst = 0"),
    );
    let mistakes = running.reloader.reload().expect_err("a mistake");
    assert_eq!(mistakes.len(), 1, "{mistakes:?}");
    assert_eq!(running.generation(), 1);
    assert!(
        running
            .gateway
            .snapshot()
            .portal_of(&running.peer("portale-uno"))
            .is_some()
    );
    let page = running.gateway.metrics_page();
    assert!(
        page.contains("pontile_reloads_total{result=\"refused\"} 1"),
        "{page}"
    );
}

#[tokio::test]
async fn without_a_change_the_generation_stays() {
    let running = Running::start().await;
    assert_eq!(running.reloader.reload().expect("sound").generation, 1);
    running.reloader.look_at_files();
    assert_eq!(running.generation(), 1);
}

#[tokio::test]
async fn what_only_a_restart_changes_is_told_and_the_rest_comes_into_force() {
    let running = Running::start().await;
    let more = "[cache]\nsize = \"1MiB\"\n[node]\nname = \"altro\"\n";
    write(running.folder.path(), more);
    let reloaded = running.reloader.reload().expect("sound");
    assert_eq!(reloaded.needing_restart, ["node", "cache"]);
    assert!(running.gateway.snapshot().portals().is_empty());
}

#[tokio::test]
async fn a_new_revocation_list_is_noticed_and_the_revoked_portal_is_out() {
    let running = Running::start().await;
    let peer = running.peer("portale-uno");
    let judged = || running.gateway.snapshot().trust.judge(&peer, Utc::now());
    assert_eq!(judged(), Verdict::Trusted);
    pki::revoke("portale-uno", &running.folder.path().join("pki"));
    running.reloader.look_at_files();
    assert_eq!(running.generation(), 2);
    assert!(matches!(judged(), Verdict::Refused(_)));
}

#[tokio::test]
async fn a_broken_certificate_is_tried_once_and_taken_when_it_is_whole_again() {
    let running = Running::start().await;
    let path = running.folder.path().join("pki/server.pem");
    let whole = fs::read(&path).expect("the certificate");
    fs::write(&path, "rotto").expect("the file is written");
    running.reloader.look_at_files();
    running.reloader.look_at_files();
    assert_eq!(running.generation(), 1);
    let page = running.gateway.metrics_page();
    assert!(
        page.contains("pontile_reloads_total{result=\"refused\"} 1"),
        "{page}"
    );
    fs::write(&path, whole).expect("the file is written");
    running.reloader.look_at_files();
    let page = running.gateway.metrics_page();
    assert!(
        page.contains("pontile_reloads_total{result=\"refused\"} 1"),
        "{page}"
    );
    let taken =
        page.contains("{result=\"accepted\"} 1") || page.contains("{result=\"unchanged\"} 1");
    assert!(taken, "{page}");
}

/// The province's cloud product at an address where nobody is asked.
fn instance(secret: &str) -> String {
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("adapters");
    format!(
        "[files]\nadapters = \"{}\"\n[[instance]]\nname = \"prova\"\nadapter = \"vista-comune\"\naddress = \"postgres://lettore@127.0.0.1:9/prova\"\n{secret}",
        adapters.display()
    )
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_a_mistake_of_the_configuration() {
    let running = Running::start().await;
    write(
        running.folder.path(),
        &instance("secrets = { password = { file = \"manca\" } }\n"),
    );
    let mistakes = running.reloader.reload().expect_err("a mistake");
    let texts: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert!(
        matches!(&texts[..], [text] if text.contains("pontile.toml:") && text.contains("il segreto non si può leggere")),
        "{texts:?}"
    );
    assert_eq!(running.generation(), 1);
    write(
        running.folder.path(),
        &instance("secrets = { password = { credential = \"manca\" } }\n"),
    );
    assert!(running.reloader.reload().is_err(), "no credentials here");

    fs::write(running.folder.path().join("manca"), "parola\n").expect("a secret");
    write(
        running.folder.path(),
        &instance("secrets = { password = { file = \"manca\" } }\n"),
    );
    assert_eq!(running.reloader.reload().expect("sound").generation, 2);
}

#[tokio::test]
async fn a_secret_that_changes_on_disk_calls_for_a_reload_by_itself() {
    let running = Running::start().await;
    let secret = running.folder.path().join("parola");
    fs::write(&secret, "prima\n").expect("a secret");
    write(
        running.folder.path(),
        &instance("secrets = { password = { file = \"parola\" } }\n"),
    );
    assert_eq!(running.reloader.reload().expect("sound").generation, 2);
    running.reloader.look_at_files();
    assert_eq!(running.generation(), 2, "nothing has changed");
    fs::write(&secret, "la seconda\n").expect("a secret");
    running.reloader.look_at_files();
    assert_eq!(running.generation(), 3);
    fs::remove_file(&secret).expect("it was there");
    running.reloader.look_at_files();
    assert_eq!(running.generation(), 3, "the old one stays");
}

#[tokio::test]
async fn a_changed_adapter_is_taken_without_a_restart_and_a_bad_one_leaves_the_old_one_in_force() {
    let running = Running::start().await;
    let folder = running.folder.path();
    let adapter = folder.join("adapters/prodotto");
    fs::create_dir_all(&adapter).expect("a folder");
    let put = |name: &str, text: &str| fs::write(adapter.join(name), text).expect("a file");
    let response = "rows = \".\"\nnone = \"not_found\"\n[fields]\ncodice_fiscale = \"cf\"\n";
    put(
        "adapter.toml",
        "vendor = \"a\"\nproduct = \"a\"\nversion = \"1\"\n[connector.rest]\n[operations.\"anagrafe.ricerche-persona\"]\nrepeatable = true\n[[operations.\"anagrafe.ricerche-persona\".steps]]\nname = \"uno\"\npath = \"/x\"\nresponse = \"r.toml\"\n",
    );
    put("r.toml", response);
    let instance = "[files]\nadapters = \"adapters\"\n[[instance]]\nname = \"prova\"\nadapter = \"prodotto\"\naddress = \"http://127.0.0.1:9\"\n";
    write(folder, instance);
    assert_eq!(running.reloader.reload().expect("sound").generation, 2);
    let digest = || {
        let snapshot = running.gateway.snapshot();
        let digest = snapshot
            .backends()
            .next()
            .map(|backend| backend.adapter.digest().to_owned());
        digest.expect("a back end")
    };
    let first = digest();
    put("r.toml", &format!("{response}cognome = \"cognome\"\n"));
    assert_eq!(running.reloader.reload().expect("sound").generation, 3);
    let second = digest();
    assert_ne!(first, second);
    put(
        "r.toml",
        &response.replace("codice_fiscale", "codice_fiscal"),
    );
    let mistakes = running.reloader.reload().expect_err("a mistake");
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    assert!(
        told.iter()
            .any(|text| text.contains("r.toml:4:1") && text.contains("«codice_fiscale»")),
        "{told:?}"
    );
    assert_eq!((running.generation(), digest()), (3, second));
}
