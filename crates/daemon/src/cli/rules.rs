//! `birdfeed rules`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::config_args::ConfigArgs;

/// `birdfeed rules`.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Show the rules that X has.
    #[command(after_help = "Example: birdfeed rules list\n         birdfeed rules list --json")]
    List(RulesListArgs),
    /// Show what `apply` would do. Changes nothing.
    #[command(after_help = "Example: birdfeed rules plan --config birdfeed.toml\n         \
                      birdfeed rules plan --file rules.toml --json\n\n\
                      Exit code: 0 if there is nothing to do, 1 if there is.")]
    Plan(RulesFileArgs),
    /// Make X's rules those of the file.
    #[command(
        after_help = "Example: birdfeed rules apply --config birdfeed.toml\n         \
                      birdfeed rules apply --file rules.toml\n\n\
                      Exit code: 0 if they are, 69 if X does not take one of them or is not there."
    )]
    Apply(RulesFileArgs),
    /// Add one rule, as it is; no file is looked at.
    #[command(
        after_help = "Example: X_BEARER_TOKEN=… birdfeed rules add \"cats has:images\"\n         \
                      birdfeed rules add \"dogs lang:en\" --tag dogs"
    )]
    Add(RulesAddArgs),
    /// Delete rules.
    #[command(
        after_help = "Example: birdfeed rules delete --id 1273026480692322304\n         \
                      birdfeed rules delete --value \"cats has:images\"\n         \
                      birdfeed rules delete --tag dogs"
    )]
    Delete(RulesDeleteArgs),
    /// Ask X whether it would take the file's rules. Stores nothing.
    #[command(after_help = "Example: birdfeed rules validate --file rules.toml\n\n\
                      Exit code: 0 if it would, 1 if it would not take one of them.")]
    Validate(RulesFileArgs),
}

/// `birdfeed rules list`.
#[derive(Debug, Args)]
pub struct RulesListArgs {
    /// Which configuration: the way to X is used.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `birdfeed rules plan`, `apply` and `validate`.
#[derive(Debug, Args)]
pub struct RulesFileArgs {
    /// Which configuration: the way to X and `[rules]` are used.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The file with the rules, instead of the configuration's.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

/// `birdfeed rules add`.
#[derive(Debug, Args)]
pub struct RulesAddArgs {
    /// Which configuration: the way to X is used.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The rule, in X's language.
    #[arg(value_name = "VALUE")]
    pub value: String,
    /// Its tag, which comes back with every post that matches.
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
}

/// `birdfeed rules delete`.
#[derive(Debug, Args)]
pub struct RulesDeleteArgs {
    /// Which configuration: the way to X is used.
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Which rules.
    #[command(flatten)]
    pub doomed: Doomed,
}

/// Which rules to delete.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Doomed {
    /// Those with this id; may be given again.
    #[arg(long, value_name = "ID")]
    pub id: Vec<String>,
    /// Those with this text; may be given again.
    #[arg(long, value_name = "VALUE")]
    pub value: Vec<String>,
    /// Those with exactly this tag.
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// All rules of the account, whoever made them.
    #[arg(long)]
    pub all: bool,
}
