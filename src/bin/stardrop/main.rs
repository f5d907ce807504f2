//! The command line: parses arguments, runs a command, prints errors. Each command is a file here and two lines below.

/// Prints a line to standard output. Unlike `println!`, it returns an error where standard output is closed.
macro_rules! say {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        writeln!(std::io::stdout().lock(), $($words)*)
    }};
}

mod dev;
mod diagram;
mod extract;
mod file_load;
mod generate;
mod load;
mod migrate;
mod mock_output;
mod outcomes;
mod output;
mod prune;
mod reconcile;
mod rejected_csv;
mod rejects;
mod replay;
mod status;
mod undo;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use stardrop::error::{Error, Fault};
use stardrop::settings::Settings;
use stardrop::telemetry;

/// Loads files from S3 into a Postgres star schema, every row exactly once.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    after_help = "Exit codes: 0 success, 1 error in the data, 2 error in usage or \
    configuration, 3 error in the environment (such as no database or no bucket)."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Args),
    Migrate(migrate::Args),
    Load(load::Args),
    Status(status::Args),
    Rejects(rejects::Args),
    Replay(replay::Args),
    Reconcile(reconcile::Args),
    Undo(undo::Args),
    Prune(prune::Args),
    Diagram(diagram::Args),
    Generate(generate::Args),
    Extract(extract::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = Settings::from_env().map_err(anyhow::Error::from).and_then(|settings| {
        telemetry::init(Some(&settings));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(run(cli.command, settings))
    });
    match result {
        Ok(code) => code,
        Err(error) => fail(&error),
    }
}

async fn run(command: Command, settings: Settings) -> anyhow::Result<ExitCode> {
    match command {
        Command::Dev(args) => dev::run(args, settings).await,
        Command::Migrate(args) => migrate::run(args, settings).await,
        Command::Load(args) => load::run(args, settings).await,
        Command::Status(args) => status::run(args, settings).await,
        Command::Rejects(args) => rejects::run(args, settings).await,
        Command::Replay(args) => replay::run(args, settings).await,
        Command::Reconcile(args) => reconcile::run(args, settings).await,
        Command::Undo(args) => undo::run(args, settings).await,
        Command::Prune(args) => prune::run(args, settings).await,
        Command::Diagram(args) => diagram::run(&args, &settings),
        Command::Generate(args) => generate::run(args, settings).await,
        Command::Extract(args) => extract::run(args, settings).await,
    }
}

/// Prints the error and what to do about it, and returns the exit code for the kind of error.
fn fail(error: &anyhow::Error) -> ExitCode {
    // A reader that closes the pipe early, as `head` does, is not an error.
    if error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    {
        return ExitCode::SUCCESS;
    }
    match error.downcast_ref::<Error>() {
        Some(known) => {
            let policy = known.kind.policy();
            eprintln!("stardrop: {known}\n  {}", known.hint());
            ExitCode::from(policy.fault.exit_code())
        }
        None => {
            eprintln!("stardrop: {error:#}");
            ExitCode::from(Fault::Environment.exit_code())
        }
    }
}
