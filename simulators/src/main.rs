//! The `simulators` command.

use std::error::Error;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{NaiveDate, Utc};
use chrono_tz::Europe::Rome;
use clap::{Args, Parser, Subcommand};
use simulators::control;
use simulators::dialects::Dialect;
use simulators::dialects::d9::{self, ViewFault};
use simulators::dialects::d10::{self, Night, NightFault};
use simulators::population::places::Ente;
use simulators::population::served::{Aliases, served};
use simulators::population::{Case, DEFAULT_SEED, Population, listed};
use simulators::serve::{self, Options, Tls};
use simulators::world::{Settings, World};
use tokio::signal::unix::{SignalKind, signal};

/// Simulated municipal systems over one synthetic population.
#[derive(Parser)]
struct Command {
    /// Seed of the population.
    #[arg(long, default_value_t = DEFAULT_SEED)]
    seed: u64,
    /// The day that counts as today (default: the real one).
    #[arg(long)]
    today: Option<NaiveDate>,
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Answer on the dialects' ports until SIGTERM.
    Serve(ServeArguments),
    /// Print people as JSON lines, with their cases.
    People {
        /// Only people of this case.
        #[arg(long)]
        case: Option<String>,
        /// Only people of this municipality (Belfiore code).
        #[arg(long)]
        ente: Option<String>,
    },
    /// Create tables and views of the `d9` dialect and fill them.
    SeedView {
        /// sqlite:/path, postgres://… or mysql://…
        #[arg(long)]
        url: String,
        /// Also create the role `pontile_lettura`, which reads the views only (PostgreSQL, MariaDB).
        #[arg(long)]
        read_only_password: Option<String>,
    },
    /// Write the files of one night, registry and taxes, of the `d10` dialect.
    NightFiles {
        /// The drop folder.
        #[arg(long)]
        folder: PathBuf,
        /// Municipality, by its Belfiore code; may be given several times.
        #[arg(long = "ente", required = true)]
        enti: Vec<String>,
        /// A folder below for each municipality, by its code in small letters.
        #[arg(long)]
        apart: bool,
        /// The date in the names (default: today).
        #[arg(long)]
        date: Option<NaiveDate>,
        /// What goes wrong: half_written, doubled, missing, tomorrow, shrunk_by_20_percent, cp1252, bom, v3_lines, short_lines, crlf.
        #[arg(long = "fault", value_parser = night_fault)]
        faults: Vec<NightFault>,
        /// Leave a marker (.ok) beside each file.
        #[arg(long)]
        markers: bool,
        /// So many invented people besides.
        #[arg(long, default_value_t = 0)]
        crowd: u32,
    },
    /// Disturb the registry view.
    ViewFault {
        #[arg(long)]
        url: String,
        #[command(subcommand)]
        fault: ViewFaultArgument,
    },
}

#[derive(Args)]
struct ServeArguments {
    #[arg(long, default_value = "127.0.0.1")]
    bind: String,
    /// Port 0 = any free one, here and below; dialects without a port get any free one too.
    #[arg(long, default_value_t = 0)]
    control_port: u16,
    /// Port of a dialect, as `d1=18101`; may be given several times.
    #[arg(long = "port", value_name = "DIALECT=PORT", value_parser = dialect_port)]
    ports: Vec<(String, u16)>,
    /// Municipality that borrows the people of Como, Cantù or Erba, as `A143=B639`; may be given several times.
    #[arg(long = "ente-alias", value_name = "ENTE=TOWN", value_parser = alias)]
    aliases: Vec<(String, &'static Ente)>,
    /// Fault that is on from the start, in the JSON of the control port; may be given several times.
    #[arg(long = "fault", value_name = "JSON")]
    faults: Vec<String>,
    /// Seconds that a token or a session lives.
    #[arg(long, default_value_t = 3600)]
    token_life: u64,
    /// Answer as slowly as such systems are thought to.
    #[arg(long)]
    realistic_latency: bool,
    /// PEM file; the dialects then speak TLS.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// PEM file; clients must then have a certificate of this authority.
    #[arg(long, requires = "tls_cert")]
    client_ca: Option<PathBuf>,
}

#[derive(Subcommand)]
enum ViewFaultArgument {
    /// The view answers no row.
    Empty,
    /// CODICEFISCALE becomes COD_FISCALE.
    RenameColumn,
    /// The base table is held; prints {"locked":SECONDS} when it is.
    Lock { seconds: u64 },
    /// As it was.
    Restore,
}

#[actix_web::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulators: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let command = Command::parse();
    let today = command
        .today
        .unwrap_or_else(|| Utc::now().with_timezone(&Rome).date_naive());
    let population = Population::generate(command.seed, today);
    match command.action {
        Action::Serve(arguments) => serve_until_terminated(population, arguments).await,
        Action::People { case, ente } => {
            print_people(&population, case.as_deref(), ente.as_deref())
        }
        Action::SeedView {
            url,
            read_only_password,
        } => Ok(d9::seed(&url, &population, read_only_password.as_deref()).await?),
        Action::NightFiles {
            folder,
            enti,
            apart,
            date,
            faults,
            markers,
            crowd,
        } => {
            let night = Night {
                date,
                faults,
                markers,
                crowd,
            };
            for ente in &enti {
                let served = served(ente, &Aliases::new());
                let served = served.ok_or_else(|| format!("no municipality {ente}"))?;
                let folder = match apart {
                    true => folder.join(ente.to_lowercase()),
                    false => folder.clone(),
                };
                d10::write(&folder, &population, &served, today, &night)?;
            }
            Ok(())
        }
        Action::ViewFault { url, fault } => {
            let fault = match fault {
                ViewFaultArgument::Empty => ViewFault::Empty,
                ViewFaultArgument::RenameColumn => ViewFault::RenameColumn,
                ViewFaultArgument::Lock { seconds } => {
                    ViewFault::Lock(Duration::from_secs(seconds))
                }
                ViewFaultArgument::Restore => ViewFault::Restore,
            };
            Ok(d9::disturb(&url, fault, || {
                if let ViewFault::Lock(time) = fault {
                    println!("{{\"locked\":{}}}", time.as_secs());
                }
            })
            .await?)
        }
    }
}

async fn serve_until_terminated(
    population: Population,
    arguments: ServeArguments,
) -> Result<(), Box<dyn Error>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let settings = Settings {
        token_life: Duration::from_secs(arguments.token_life),
        realistic_latency: arguments.realistic_latency,
        aliases: arguments.aliases.into_iter().collect(),
    };
    let world = World::new(population, settings);
    for fault in &arguments.faults {
        control::order(&world, serde_json::from_str(fault)?)
            .map_err(|refusal| format!("--fault {fault}: {refusal}"))?;
    }
    let tls = arguments
        .tls_cert
        .zip(arguments.tls_key)
        .map(|(cert, key)| Tls {
            cert,
            key,
            client_ca: arguments.client_ca,
        });
    let options = Options {
        bind: arguments.bind,
        control_port: arguments.control_port,
        ports: arguments.ports.into_iter().collect(),
        tls,
    };
    let running = serve::start(world, &options).await?;
    println!("{}", serde_json::to_string(&running.addresses)?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    running.stop().await;
    Ok(())
}

fn dialect_port(text: &str) -> Result<(String, u16), String> {
    let (dialect, port) = text.split_once('=').ok_or("write it as d1=18101")?;
    if Dialect::find(dialect).is_none() {
        return Err(format!("no dialect {dialect} that listens"));
    }
    let port = port
        .parse()
        .map_err(|error| format!("no port {port}: {error}"))?;
    Ok((dialect.to_owned(), port))
}

fn night_fault(text: &str) -> Result<NightFault, String> {
    NightFault::named(text).ok_or_else(|| format!("no fault {text}"))
}

fn alias(text: &str) -> Result<(String, &'static Ente), String> {
    let (ente, town) = text.split_once('=').ok_or("write it as A143=B639")?;
    let town = Ente::find(town).ok_or_else(|| format!("{town} is none of the three towns"))?;
    if served(ente, &Aliases::new()).is_none() {
        return Err(format!("no municipality {ente} in the province"));
    }
    Ok((ente.to_owned(), town))
}

fn print_people(
    population: &Population,
    case: Option<&str>,
    ente: Option<&str>,
) -> Result<(), Box<dyn Error>> {
    if let Some(unknown) = case.filter(|key| Case::find(key).is_none()) {
        let known: Vec<_> = Case::ALL.iter().map(|(_, key, _)| *key).collect();
        return Err(format!("no case {unknown}; there are {}", known.join(", ")).into());
    }
    if let Some(unknown) = ente.filter(|ente| Ente::find(ente).is_none()) {
        return Err(format!("no municipality {unknown}").into());
    }
    let mut out = std::io::stdout().lock();
    let wanted = listed(population).into_iter().filter(|person| {
        case.is_none_or(|case| person.casi.contains(&case))
            && ente.is_none_or(|ente| person.ente == ente)
    });
    for person in wanted {
        match writeln!(out, "{}", serde_json::to_string(&person)?) {
            // Whoever reads has seen enough.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => break,
            written => written?,
        }
    }
    Ok(())
}
