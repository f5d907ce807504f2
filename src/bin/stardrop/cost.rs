//! `stardrop cost`

use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use stardrop::cost::{self, Arch, Card, Question, REGIONS, Region};
use stardrop::settings::Settings;

/// What loading files costs on AWS, by measured seconds and stated prices. Needs no account.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many files.
    #[arg(long)]
    files: u64,
    /// The size of each, such as 500kB, 10MB or 250MiB.
    #[arg(long, value_parser = cost::parse_bytes)]
    size: u64,
    /// The loader's memory, in MB, as `memory_mb` in infra/.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(128..=10240))]
    memory: u32,
    /// Lambda's processor; infra/ takes arm64.
    #[arg(long, value_enum, default_value = "arm64")]
    arch: ArchName,
    /// Where.
    #[arg(long, default_value = "us-east-1",
          value_parser = PossibleValuesParser::new(REGIONS.iter().map(|region| region.name)))]
    region: String,
    /// Print a JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ArchName {
    Arm64,
    #[value(name = "x86_64")]
    X86_64,
}

pub fn run(args: &Args, _settings: &Settings) -> anyhow::Result<ExitCode> {
    let region: Option<&'static Region> = REGIONS.iter().find(|region| region.name == args.region);
    let Some(region) = region else { anyhow::bail!("the prices of {} are not known", args.region) };
    let arch = match args.arch {
        ArchName::Arm64 => Arch::Arm64,
        ArchName::X86_64 => Arch::X86_64,
    };
    let question =
        Question { files: args.files, bytes: args.size, memory_mb: args.memory, arch, region };
    let card = cost::card(&question);
    if args.json {
        print_json(&question, &card)?
    } else {
        print_text(&question, &card)?
    }
    Ok(ExitCode::SUCCESS)
}

fn arch_name(question: &Question) -> &'static str {
    match question.arch {
        Arch::Arm64 => "arm64",
        Arch::X86_64 => "x86_64",
    }
}

fn print_json(question: &Question, card: &Card) -> std::io::Result<()> {
    say!(
        "{}",
        serde_json::json!({
            "files": question.files, "file_bytes": question.bytes, "region": question.region.name,
            "memory_mb": question.memory_mb, "arch": arch_name(question),
            "seconds_per_file": card.seconds, "gb_seconds": card.gb_seconds,
            "invocations": card.invocations, "sqs_requests": card.sqs_requests,
            "s3_gets": card.s3_gets,
            "dollars": {
                "lambda_time": card.lambda_time, "lambda_requests": card.lambda_requests,
                "sqs": card.sqs, "s3": card.s3, "total": card.total(),
                "per_gb": card.per_gb(question),
                "per_1000_files": card.per_thousand_files(question),
            },
            "prices_noted": cost::NOTED,
        })
    )
}

fn print_text(question: &Question, card: &Card) -> std::io::Result<()> {
    let bytes = question.files as f64 * question.bytes as f64;
    say!(
        "{} of {}, {} in all: {}, {}, {} MB of memory",
        if question.files == 1 {
            "1 file".to_owned()
        } else {
            format!("{} files", grouped(question.files as f64))
        },
        cost::shown_bytes(question.bytes as f64),
        cost::shown_bytes(bytes),
        question.region.title,
        arch_name(question),
        question.memory_mb,
    )?;
    say!("{} s a file\n", significant(card.seconds))?;
    let line = |what: &str, used: f64, unit: &str, dollars: f64| {
        let whole = used >= 100.0 || used.fract() == 0.0;
        let used = if whole { grouped(used.round()) } else { significant(used) };
        say!("{what:<10}{used:>16} {unit:<14}{:>14}", format!("${}", money(dollars)))
    };
    line("Lambda", card.gb_seconds, "GB-seconds", card.lambda_time)?;
    line("", card.invocations, "requests", card.lambda_requests)?;
    line("SQS", card.sqs_requests, "requests", card.sqs)?;
    line("S3", card.s3_gets, "GET", card.s3)?;
    let sum = |what: &str, dollars: f64| say!("{what:<41}{:>14}", format!("${}", money(dollars)));
    sum("total", card.total())?;
    if let (Some(gb), Some(thousand)) = (card.per_gb(question), card.per_thousand_files(question)) {
        sum("per GB", gb)?;
        sum("per 1,000 files", thousand)?;
    }
    say!("\nWithout what is paid by the hour, such as the database: docs/cost.md")
}

/// With three digits that count.
fn significant(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let digits = (2 - number.abs().log10().floor() as i32).max(0);
    format!("{number:.*}", digits as usize)
}

/// Cents and more; less than that with three digits that count.
fn money(dollars: f64) -> String {
    if dollars >= 1.0 { grouped_cents(dollars) } else { significant(dollars) }
}

fn grouped_cents(dollars: f64) -> String {
    let cents = (dollars * 100.0).round();
    format!("{}.{:02}", grouped((cents / 100.0).floor()), (cents % 100.0) as u8)
}

/// `1,234,567`.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
