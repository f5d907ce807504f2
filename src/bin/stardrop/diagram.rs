//! `stardrop diagram`: draws the star schema as an SVG image or a Mermaid diagram.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use stardrop::settings::Settings;
use stardrop::{dataset_files, star};

/// Draw the star schema: facts, dimensions and the keys between them. Needs no database.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write to this file instead of standard output.
    #[arg(long)]
    out: Option<PathBuf>,
    /// An SVG image, or a Mermaid diagram for Markdown.
    #[arg(long, value_enum, default_value = "svg")]
    format: Format,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Format {
    Svg,
    Mermaid,
}

pub fn run(args: &Args, settings: &Settings) -> anyhow::Result<ExitCode> {
    let star = star::compile(&dataset_files::read(&settings.datasets_dir)?);
    let picture = match args.format {
        Format::Svg => star::diagram::svg(&star),
        Format::Mermaid => star::diagram::mermaid(&star),
    };
    match &args.out {
        Some(path) => std::fs::write(path, picture)
            .with_context(|| format!("{} cannot be written", path.display()))?,
        None => std::io::stdout().write_all(picture.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}
