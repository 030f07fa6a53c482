//! `[stream]`, the way to X: proxy, versions of IP and HTTP, compression, how we call ourselves.

use source_x::base_url::BaseUrl;
use source_x::{Compression, Family, Http, ProxyUrl, Settings};
use stream_core::sink::read_text_file;

use crate::config::{Environment, Origin, Section};

/// As a hint shows it.
const EXAMPLE: &str = "\"env\", \"off\", or for example \"http://proxy:3128\" or \"socks5h://proxy:1080\"";

/// `settings` with what the section says of the wire.
pub(super) fn build(section: &mut Section, environment: &Environment, settings: Settings) -> Settings {
    let compressions = Compression::ALL.map(|one| (one.name(), one));
    let versions = Http::ALL.map(|one| (one.name(), one));
    let families = Family::ALL.map(|one| (one.name(), one));
    let user_agent = match section.text("user_agent") {
        Some(more) => format!("{} {more}", settings.user_agent),
        None => settings.user_agent.clone(),
    };
    Settings {
        proxy: proxy(section, environment, &settings),
        compression: section.choice("compression", Compression::default().name(), &compressions),
        http: section.choice("http", Http::default().name(), &versions),
        family: section.choice("ip", Family::default().name(), &families),
        user_agent,
        ..settings
    }
}

fn proxy(section: &mut Section, environment: &Environment, settings: &Settings) -> Option<ProxyUrl> {
    if section.has("proxy_file") {
        return from_file(section);
    }
    match section.text_or("proxy", "env").as_str() {
        "off" => None,
        "env" => from_environment(section, environment, settings),
        text => match ProxyUrl::parse(text) {
            Ok(url) if url.has_credentials() => {
                let hint = "put the URL into a file that only birdfeed may read, and name it in proxy_file";
                section.note("proxy", "holds a password, or a user's name", hint);
                None
            }
            Ok(url) => Some(url),
            Err(error) => {
                section.note("proxy", error.to_string(), EXAMPLE);
                None
            }
        },
    }
}

fn from_file(section: &mut Section) -> Option<ProxyUrl> {
    if section.ask("proxy") {
        section.note("proxy", "stands beside a proxy_file", "leave one of them out");
        section.ask("proxy_file");
        return None;
    }
    let path = section.path("proxy_file")?;
    if section.is_elsewhere(&path) {
        return None;
    }
    let hint = "a file with the proxy's URL and nothing else: http://user:password@host:port";
    let read = read_text_file(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()));
    let url = read.and_then(|text| ProxyUrl::parse(text.trim()).map_err(|error| error.to_string()));
    url.map_err(|message| section.note("proxy_file", message, hint))
        .ok()
}

fn from_environment(section: &Section, environment: &Environment, settings: &Settings) -> Option<ProxyUrl> {
    let base_url = settings
        .base_url
        .as_deref()
        .unwrap_or(settings.endpoint.base_url());
    // Whoever reads the base URL tells what is wrong with it.
    let base_url = BaseUrl::parse(base_url, settings.allow_custom_host).ok()?;
    let variable = |name: &str| environment.get(name).map(String::as_str);
    ProxyUrl::from_environment(variable, &base_url).unwrap_or_else(|wrong| {
        let origin = Origin::Variable(wrong.variable.to_owned());
        section.note_at(origin, "proxy", wrong.error.to_string(), EXAMPLE);
        None
    })
}
