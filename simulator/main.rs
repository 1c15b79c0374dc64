//! The stand-ins as a program: prints where they answer as one line of JSON, and runs until its input ends.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use simulator::world::frozen;
use simulator::{
    Now, Running, Simulator, Source, StartError, World, ga4, labelled, matomo, notify, pay, plausible,
};

/// Stand-ins for real sources on loopback.
#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// First of nine ports; 0 takes free ones.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Seed of the world.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Day the script of events hangs on. Given again, it tells the same history.
    #[arg(long, default_value = "2026-11-23")]
    anchor: Date,
    /// Instant at which the world's clock stands still; the machine's clock when left out.
    #[arg(long)]
    now: Option<Timestamp>,
}

#[derive(Subcommand)]
enum Command {
    /// Write services whose falls are known into a folder, to measure detection by.
    Labelled {
        /// Seed of the set.
        #[arg(long)]
        seed: u64,
        /// The folder.
        #[arg(long)]
        folder: PathBuf,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(Command::Labelled { seed, folder }) = arguments.command {
        return match labelled::write(seed, &folder) {
            Ok(count) => {
                println!("{count} services with their labels are in {}", folder.display());
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("simulator: cannot write to {}: {error}", folder.display());
                ExitCode::FAILURE
            }
        };
    }
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), StartError> {
    let now: Now = arguments.now.map_or_else(|| Arc::new(Timestamp::now) as Now, frozen);
    let world = World::demo(arguments.seed, arguments.anchor, now);
    let running = Simulator::build(world).at_port(arguments.port).start().await?;
    // Nobody reading is no reason to stop.
    let _ = writeln!(std::io::stdout(), "{}", describe(&running));
    // Whoever started it holds its input open, so it cannot outlive them unseen.
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
    running.stop().await;
    Ok(())
}

/// Addresses, credentials and numbers of every service: all a client needs.
fn describe(running: &Running) -> Value {
    let address = |source: Source| (source.to_string(), json!(running.address(source)));
    let addresses: serde_json::Map<String, Value> = Source::ALL.into_iter().map(address).collect();
    let world = running.world();
    let services: Vec<Value> = world
        .services()
        .iter()
        .map(|service| {
            json!({
                "id": service.id.as_str(),
                "ga4_property": ga4::property(world, service),
                "matomo_site": matomo::site(world, service),
                "plausible_site": service.host(),
                "pay_api_key": service.fee.map(|_| pay::api_key(service)),
            })
        })
        .collect();
    json!({
        "addresses": addresses,
        "services": services,
        "ga4_key": ga4::service_account_key(running.address(Source::Ga4)),
        "matomo_token": matomo::TOKEN,
        "plausible_key": plausible::KEY,
        "notify_key": notify::API_KEY,
        "notify_template": notify::TEMPLATE,
    })
}
