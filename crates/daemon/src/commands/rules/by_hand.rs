//! `list`, `add` and `delete`: one request each, no file.

use source_x::rules::lint::{Severity, lint};
use source_x::rules::{Added, Deleted, Mode, NewRule};

use super::super::say;
use super::client::{load, unavailable};
use super::page;
use crate::cli::{Doomed, RulesAddArgs, RulesDeleteArgs, RulesListArgs};
use crate::exit::{CommandError, SysExit};

pub(super) async fn list(args: &RulesListArgs) -> Result<(), CommandError> {
    let (client, _) = load(args.config.config.as_deref())?;
    let rules = client.list().await.map_err(unavailable)?;
    let page = if args.json {
        serde_json::to_string_pretty(&rules).map_err(|error| CommandError::new(SysExit::Invariant, error))?
    } else {
        page::stored(&rules)
    };
    say(&page);
    Ok(())
}

pub(super) async fn add(args: RulesAddArgs) -> Result<(), CommandError> {
    for finding in lint(&args.value) {
        match finding.severity {
            Severity::Error => {
                return Err(CommandError::new(
                    SysExit::Usage,
                    format!("{:?}: {finding}", args.value),
                ));
            }
            Severity::Warning => eprintln!("birdfeed: warning: {finding}"),
        }
    }
    let (client, _) = load(args.config.config.as_deref())?;
    let rule = NewRule {
        value: args.value,
        tag: args.tag,
    };
    let Added { created, errors } = client.add(&[rule], Mode::Apply).await.map_err(unavailable)?;
    for rule in created {
        say(&format!(
            "added {}  {}",
            rule.id,
            page::line(&rule.value, rule.tag.as_deref())
        ));
    }
    for error in errors {
        // It is there, which is what was wanted.
        if error.is_duplicate() {
            say(&error.to_string());
        } else {
            return Err(CommandError::new(SysExit::Unavailable, error));
        }
    }
    Ok(())
}

pub(super) async fn delete(args: &RulesDeleteArgs) -> Result<(), CommandError> {
    let (client, _) = load(args.config.config.as_deref())?;
    let Doomed { id, value, tag, all } = &args.doomed;
    let deleted = match tag {
        _ if *all => client.delete_all().await,
        None if value.is_empty() => client.delete(id, Mode::Apply).await,
        None => client.delete_values(value, Mode::Apply).await,
        Some(_) => {
            let rules = client.list().await.map_err(unavailable)?;
            let tagged = rules.into_iter().filter(|rule| rule.tag == *tag);
            let ids: Vec<_> = tagged.map(|rule| rule.id).collect();
            if ids.is_empty() {
                return Err(CommandError::new(SysExit::Unavailable, "no rule has this tag"));
            }
            client.delete(&ids, Mode::Apply).await
        }
    };
    let Deleted {
        deleted,
        not_deleted,
        errors,
    } = deleted.map_err(unavailable)?;
    say(&format!(
        "deleted {}",
        page::count(usize::try_from(deleted).unwrap_or(usize::MAX), "rule")
    ));
    if not_deleted == 0 && errors.is_empty() {
        return Ok(());
    }
    let why: Vec<_> = errors.iter().map(ToString::to_string).collect();
    let message = format!("{not_deleted} not deleted: {}", why.join("; "));
    Err(CommandError::new(SysExit::Unavailable, message))
}
