//! `birdfeed connections`: what X takes for open, and the end of it.

use source_x::account::{Closed, OpenConnection, Targets};

use super::account::{ask, say_json, source};
use super::say;
use crate::cli::{CloseArgs, ConnectionsCommand, ListArgs};
use crate::exit::{CommandError, SysExit};

/// Lists, or closes.
pub fn run(command: &ConnectionsCommand) -> Result<(), CommandError> {
    match command {
        ConnectionsCommand::List(args) => list(args),
        ConnectionsCommand::Close(args) => close(args),
    }
}

fn list(args: &ListArgs) -> Result<(), CommandError> {
    let account = source(args.config.config.as_deref())?.account();
    let all = ask(account.connections(args.status.into(), None))?;
    if args.json {
        return say_json(&all);
    }
    if all.is_empty() {
        say("X knows of none");
        return Ok(());
    }
    say(&row(["id", "stream", "from", "since", "until", "reason"]));
    for one in &all {
        say(&line(one));
    }
    Ok(())
}

fn line(one: &OpenConnection) -> String {
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    let [stream, from, since, until, reason] = [
        &one.endpoint,
        &one.client_ip,
        &one.connected_at,
        &one.disconnected_at,
        &one.disconnect_reason,
    ]
    .map(or_none);
    row([&one.id, &stream, &from, &since, &until, &reason])
}

fn row([id, stream, from, since, until, reason]: [&str; 6]) -> String {
    format!("{id:<36} {stream:<24} {from:<15} {since:<24} {until:<24} {reason}")
}

fn close(args: &CloseArgs) -> Result<(), CommandError> {
    let source = source(args.config.config.as_deref())?;
    let targets = if args.all {
        Targets::All
    } else if args.stream {
        let endpoint = source.endpoint();
        Targets::Endpoint(endpoint.name_in_connections().ok_or_else(|| {
            let message = format!(
                "X's Connections API does not know the {} stream: name ids",
                endpoint.name()
            );
            CommandError::new(SysExit::Usage, message)
        })?)
    } else {
        Targets::Ids(args.ids.clone())
    };
    let Closed { closed, failed } = ask(source.account().close(&targets))?;
    say(&format!("closed {closed}"));
    for one in &failed {
        say(&format!("not closed: {}: {}", one.id, one.reason));
    }
    match failed.len() {
        0 => Ok(()),
        some => Err(CommandError::new(SysExit::NotWhole, format!("{some} not closed"))),
    }
}
