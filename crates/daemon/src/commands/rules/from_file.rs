//! `plan`, `apply` and `validate`: rules as code.

use serde_json::json;
use source_x::RulesClient;
use source_x::rules::{Applied, Plan, RuleError};

use super::super::say;
use super::client::{load, patience, unavailable};
use super::page;
use crate::cli::RulesFileArgs;
use crate::components::{RulesConfig, RulesFile, rules};
use crate::exit::{CommandError, SysExit};

pub(super) async fn plan(args: &RulesFileArgs) -> Result<(), CommandError> {
    let (client, config, file) = read(args)?;
    let plan = planned(&client, &config, &file).await?;
    if args.json {
        print(&plan)?;
    } else {
        say(&page::plan(&plan));
    }
    match plan.changes() {
        0 => Ok(()),
        changes => {
            let message = format!("{} to do: birdfeed rules apply", page::count(changes, "change"));
            Err(CommandError::new(SysExit::NotWhole, message))
        }
    }
}

pub(super) async fn apply(args: &RulesFileArgs) -> Result<(), CommandError> {
    let (client, config, file) = read(args)?;
    let plan = planned(&client, &config, &file).await?;
    let applied = client.apply(&plan, &mut patience()).await;
    let applied = applied.map_err(|cut_short| {
        let message = format!("{cut_short}; run it again to do the rest");
        CommandError::new(SysExit::Unavailable, message)
    })?;
    let Applied {
        created,
        deleted,
        present,
        refused,
    } = &applied;
    for rule in present {
        eprintln!("birdfeed: {rule}");
    }
    if args.json {
        let refused: Vec<_> = refused.iter().map(ToString::to_string).collect();
        print(&json!({"created": created, "deleted": deleted, "refused": refused}))?;
    } else if plan.is_empty() {
        say(&page::plan(&plan));
    } else {
        say(&format!("created {created}, deleted {deleted}"));
    }
    all_taken(refused, SysExit::Unavailable)
}

pub(super) async fn validate(args: &RulesFileArgs) -> Result<(), CommandError> {
    let (client, _, file) = read(args)?;
    let refused = client
        .validate(&file.rules, &mut patience())
        .await
        .map_err(unavailable)?;
    let fine = file.rules.len() - refused.len().min(file.rules.len());
    if args.json {
        let refused: Vec<_> = refused.iter().map(ToString::to_string).collect();
        print(&json!({"valid": fine, "refused": refused}))?;
    } else {
        say(&format!("X would take {}", page::count(fine, "rule")));
    }
    all_taken(&refused, SysExit::NotWhole)
}

fn read(args: &RulesFileArgs) -> Result<(RulesClient, RulesConfig, RulesFile), CommandError> {
    let (client, config) = load(args.config.config.as_deref())?;
    let path = args.file.as_ref().or(config.path.as_ref()).ok_or_else(|| {
        let message = "which rules? name their file with --file, or in the configuration: [rules] file = \"rules.toml\"";
        CommandError::new(SysExit::Usage, message)
    })?;
    let file = rules::read(path)?;
    for warning in &file.warnings {
        eprintln!("birdfeed: warning: {warning}");
    }
    Ok((client, config, file))
}

async fn planned(client: &RulesClient, config: &RulesConfig, file: &RulesFile) -> Result<Plan, CommandError> {
    let stored = client.list().await.map_err(unavailable)?;
    Ok(Plan::of(&file.rules, &config.ownership, &stored))
}

/// That X takes every rule, or which it does not.
fn all_taken(refused: &[RuleError], otherwise: SysExit) -> Result<(), CommandError> {
    if refused.is_empty() {
        return Ok(());
    }
    let lines: String = refused.iter().map(|error| format!("\n    {error}")).collect();
    let message = format!("X does not take {}:{lines}", page::count(refused.len(), "rule"));
    Err(CommandError::new(otherwise, message))
}

fn print(value: &impl serde::Serialize) -> Result<(), CommandError> {
    let text = serde_json::to_string_pretty(value);
    say(&text.map_err(|error| CommandError::new(SysExit::Invariant, error))?);
    Ok(())
}
