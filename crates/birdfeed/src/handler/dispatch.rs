//! Dispatch: which message is for which callback, in tweepy's order.

use source_x::split::MessageKind;

use super::{Handler, HandlerResult, Unreadable};
use crate::message::{Message, Object};
use crate::stream::Handle;

/// Hands a message to the callbacks that it is for; the first error ends that.
pub fn dispatch<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, message: &Message) -> HandlerResult {
    match message.kind() {
        MessageKind::Invalid => Err(Unreadable(message.clone()).into()),
        _ if message.is_v1() => v1(handler, stream, message),
        _ => v2(handler, stream, message),
    }
}

fn v2<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, message: &Message) -> HandlerResult {
    if let Some(post) = message.post() {
        handler.on_tweet(stream, &post)?;
    }
    let includes = message.includes();
    if !includes.is_empty() {
        handler.on_includes(stream, &includes)?;
    }
    let errors = message.errors();
    if !errors.is_empty() {
        handler.on_errors(stream, &errors)?;
    }
    let rules = message.matching_rules();
    if !rules.is_empty() {
        handler.on_matching_rules(stream, &rules)?;
    }
    handler.on_response(stream, message)
}

/// The messages that are named by their one member.
type Notice<H> = fn(&mut H, &Handle, &Object) -> HandlerResult;

fn v1<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, message: &Message) -> HandlerResult {
    if let Some(status) = message.status() {
        return handler.on_status(stream, &status);
    }
    let notices: [(&str, Notice<H>); 7] = [
        ("delete", deleted),
        ("disconnect", H::on_disconnect_message),
        ("limit", limited),
        ("scrub_geo", H::on_scrub_geo),
        ("status_withheld", H::on_status_withheld),
        ("user_withheld", H::on_user_withheld),
        ("warning", H::on_warning),
    ];
    for (name, callback) in notices {
        if let Some(said) = message.object().object(name) {
            return callback(handler, stream, &said);
        }
    }
    let errors = message.errors();
    if errors.is_empty() {
        tracing::error!(?message, "a message of a kind that is not known");
        return Ok(());
    }
    handler.on_errors(stream, &errors)
}

fn deleted<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, said: &Object) -> HandlerResult {
    let status = said.object("status").unwrap_or_default();
    let id = |text: &str, number: &str| {
        status
            .text(text)
            .or_else(|| status.text(number))
            .unwrap_or_default()
    };
    handler.on_delete(stream, &id("id_str", "id"), &id("user_id_str", "user_id"))
}

fn limited<H: Handler + ?Sized>(handler: &mut H, stream: &Handle, said: &Object) -> HandlerResult {
    handler.on_limit(stream, said.number("track").unwrap_or_default())
}
