//! `zavud demo`: the whole product on one screen. Starts the daemon on free loopback ports, with a
//! stand-in for Meta, makes an invitation and shows what its page shows, while whoever tries it out goes
//! through the sign-up in a browser. `--once` needs no browser: it calls the daemon itself.

use std::io::{IsTerminal as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rand::RngExt as _;
use sip::Uri;
use tokio::sync::mpsc;

use super::Failure;

use super::page_watcher::PageWatcher;
use crate::clock::{Clock as _, SystemClock};
use crate::config::{Config, MetaMode, installation};
use crate::daemon::{Daemon, Surroundings};
use crate::domain::{
    Actor, CODE_LENGTH, CodeStage, HeardDigit, InvitationId, InvitationToken, Language,
    PhoneNumberId, ProjectId, Redirects, SpokenCode,
};
use crate::observability::start_logging;
use crate::onboarding::invite;
use crate::store::{NewConnection, NewInvitation, NewPhoneNumber, NewProject};
use crate::telephony::MediaPolicy;
use crate::telephony::caller::{CallProgress, OutgoingCall, Over, place_call};
use crate::voices::{SpokenCall, Voice};

/// The pre-assigned number: one that is reserved for fiction.
const NUMBER: &str = "+15550100123";

/// How long the invitation of the demo can be used.
const LINK_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// How long after the call the page may take to show its end.
const AFTER_THE_CALL: Duration = Duration::from_secs(30);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Place one call without a browser; succeed only if the page showed exactly the spoken code
    #[arg(long)]
    once: bool,
    /// The code to speak [default: a random one]
    #[arg(long, value_name = "NNNNNN", requires = "once")]
    code: Option<SpokenCode>,
    /// The language it is spoken in: en, es or pt
    #[arg(long, default_value = "en")]
    language: Language,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Some(voice) = Voice::of(arguments.language) else {
        let known: Vec<_> = Voice::languages().collect();
        return Err(Failure::Usage(format!(
            "--language {}: there are voices for {}",
            arguments.language,
            known.join(", ")
        )));
    };
    let directory = tempfile::tempdir().context("cannot make a directory for the database")?;
    let config = demo_config(directory.path())?;
    start_logging(&config.log)?;
    let daemon = Daemon::start(&config, Surroundings::real(&config)?).await?;
    let link = make_invitation(&daemon, arguments.language).await?;
    let result = if arguments.once {
        let code = arguments.code.unwrap_or_else(random_code);
        call_once(&daemon, &link, voice, &code).await
    } else {
        guide(&daemon, &link, arguments.language).await
    };
    daemon.stop().await;
    result.map_err(Failure::from)
}

/// The shipped configuration on free ports, with a database that goes away.
fn demo_config(directory: &Path) -> Result<Config, Failure> {
    let mut config = Config::shipped(&installation())?;
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    config.sip.listen = any_port;
    config.web.listen = any_port;
    config.meta.mode = MetaMode::Sandbox;
    config.meta.sandbox_listen = any_port;
    config.store.path = directory.join("demo.db");
    // That Meta is not there is no news here.
    "warn,zavud::meta::sandbox=error".clone_into(&mut config.log.filter);
    Ok(config)
}

fn random_code() -> SpokenCode {
    let digits: [u8; CODE_LENGTH] = std::array::from_fn(|_| rand::rng().random_range(0..=9));
    SpokenCode::from_digits(&digits).expect("each is a digit")
}

/// Tells how to go on in a browser, and shows what the page shows until Ctrl-C.
async fn guide(daemon: &Daemon, link: &str, language: Language) -> anyhow::Result<()> {
    if let Some(sandbox) = daemon.sandbox() {
        sandbox.speak_only(language);
        println!("what goes wrong: {}", sandbox.origin());
    }
    println!("Open the link and press the button. In the window that opens, which stands in for");
    println!(
        "Meta's, choose Phone call, and type the code that the page shows. Ctrl-C ends the demo."
    );
    let mut watcher = PageWatcher::open(link, None).await?;
    let mut screen = Screen::default();
    loop {
        tokio::select! {
            seen = watcher.next() => match seen? {
                Some(seen) => screen.show(&seen.stage),
                None => break,
            },
            interrupted = tokio::signal::ctrl_c() => {
                screen.finish();
                return Ok(interrupted?);
            }
        }
    }
    screen.finish();
    println!("The invitation is completed: the page at {link} says so (Ctrl-C ends the demo).");
    Ok(tokio::signal::ctrl_c().await?)
}

/// Speaks the code in a call, and waits for it on the page.
async fn call_once(
    daemon: &Daemon,
    link: &str,
    voice: &Voice,
    code: &SpokenCode,
) -> anyhow::Result<()> {
    let spoken = voice.speak(code)?;
    let watcher = PageWatcher::open(link, None).await?;
    let shown = call_and_watch(daemon.sip_address(), watcher, spoken).await?;
    let Some((shown_code, delay)) = shown else { bail!("the page showed no code") };
    if shown_code != *code {
        bail!("the page showed {}, but {} was spoken", shown_code.expose(), code.expose());
    }
    println!("code {} shown {} ms after the last digit", shown_code.expose(), delay.as_millis());
    Ok(())
}

/// Makes an invitation to connect the number of the demo, and returns its link.
async fn make_invitation(daemon: &Daemon, language: Language) -> anyhow::Result<String> {
    let now = SystemClock.now();
    let mut random = rand::rng();
    let project = NewProject {
        id: ProjectId::new(now, random.random()),
        name: "Acme".to_owned(),
        created_at: now,
    };
    let number = NewPhoneNumber {
        id: PhoneNumberId::new(now, random.random()),
        project: project.id.clone(),
        number: NUMBER.parse()?,
        created_at: now,
    };
    let token = InvitationToken::new(random.random());
    let invitation = NewInvitation {
        id: InvitationId::new(now, random.random()),
        project: project.id.clone(),
        token: token.clone(),
        client_name: Some("Demo client".to_owned()),
        client_email: None,
        language: Some(language),
        connection: NewConnection::Preassigned(number.id.clone()),
        countries: None,
        redirects: Redirects::default(),
        created_at: now,
        expires_at: now + LINK_LIFETIME,
    };
    daemon
        .store
        .write(move |writer| {
            writer.insert_project(&project)?;
            writer.insert_phone_number(&number)?;
            invite(writer, &invitation, Actor::Partner)
        })
        .await??;
    let link = format!("http://{}/i/{}", daemon.web_address(), token.expose());
    println!("invitation link: {link}");
    println!("number:          {NUMBER}, SIP at {}", daemon.sip_address());
    Ok(link)
}

/// Calls the daemon and follows its page at the same time. Returns the code that the page showed
/// in the end, and how long after the last digit of a reading it was first shown.
async fn call_and_watch(
    sip_address: SocketAddr,
    mut watcher: PageWatcher,
    spoken: SpokenCall,
) -> anyhow::Result<Option<(SpokenCode, Duration)>> {
    let (progress, mut progressed) = mpsc::unbounded_channel();
    let call = OutgoingCall {
        over: Over::Udp,
        target: Uri::parse(&format!("sip:{NUMBER}@{sip_address}"))?,
        remote: sip_address,
        caller: Uri::parse(&format!("sip:meta@{sip_address}"))?,
        samples: spoken.samples,
        media: MediaPolicy::default(),
    };
    let mut calling = tokio::spawn(place_call(call, move |step| drop(progress.send(step))));

    let mut screen = Screen::default();
    let mut playing_since = None;
    let mut shown: Option<(SpokenCode, Instant)> = None;
    let mut give_up_at = None;
    loop {
        tokio::select! {
            Some(step) = progressed.recv() => {
                if let CallProgress::Playing { since } = step {
                    playing_since = Some(since);
                }
            }
            ended = &mut calling, if give_up_at.is_none() => {
                ended??;
                // The last audio may still be read when the call is over.
                let patience = if shown.is_some() { Duration::ZERO } else { AFTER_THE_CALL };
                give_up_at = Some(Instant::now() + patience);
            }
            seen = watcher.next() => {
                let stage = seen?.context("the page's events ended")?.stage;
                screen.show(&stage);
                let is_over = give_up_at.is_some();
                match stage {
                    CodeStage::Code { code, .. } => {
                        let is_known = shown.as_ref().is_some_and(|(known, _)| *known == code);
                        if !is_known {
                            shown = Some((code, Instant::now()));
                        }
                    }
                    CodeStage::Unreadable { .. } | CodeStage::Expired => shown = None,
                    CodeStage::Listening { .. } if shown.is_some() => shown = None,
                    CodeStage::Waiting | CodeStage::Ringing | CodeStage::Listening { .. } => {}
                }
                if is_over {
                    break;
                }
            }
            () = until(give_up_at) => break,
        }
    }
    screen.finish();
    Ok(shown.zip(playing_since).map(|((code, at), since)| {
        let spoken_for = at.saturating_duration_since(since);
        let delay = spoken
            .readings_end
            .iter()
            .filter_map(|end| spoken_for.checked_sub(*end))
            .min()
            .unwrap_or_default();
        (code, delay)
    }))
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// The stages in the terminal: on one line that changes, or a line each when nobody watches.
#[derive(Default)]
struct Screen {
    line_is_open: bool,
}

impl Screen {
    fn show(&mut self, stage: &CodeStage) {
        let text = match stage {
            CodeStage::Waiting => "waiting for the call".to_owned(),
            CodeStage::Ringing => "ringing".to_owned(),
            CodeStage::Listening { digits } => format!("listening   {}", cells(digits)),
            CodeStage::Code { code, .. } => format!("code        {}", spaced(code.expose())),
            CodeStage::Unreadable { digits, .. } => format!("unreadable  {}", cells(digits)),
            CodeStage::Expired => "expired".to_owned(),
        };
        let mut terminal = std::io::stdout();
        let written = if terminal.is_terminal() {
            self.line_is_open = true;
            write!(terminal, "\r\x1b[2K{text}").and_then(|()| terminal.flush())
        } else {
            writeln!(terminal, "{text}")
        };
        // A terminal that is gone takes nothing from the demo's result.
        drop(written);
    }

    fn finish(&mut self) {
        if self.line_is_open {
            println!();
        }
    }
}

/// Digits that were heard, doubtful ones with a question mark, and lines for those to come.
fn cells(digits: &[HeardDigit]) -> String {
    let heard =
        digits.iter().map(|heard| format!("{}{}", heard.digit, if heard.sure { "" } else { "?" }));
    let to_come = std::iter::repeat_n("_".to_owned(), CODE_LENGTH.saturating_sub(digits.len()));
    heard.chain(to_come).collect::<Vec<_>>().join(" ")
}

fn spaced(digits: &str) -> String {
    digits.chars().map(String::from).collect::<Vec<_>>().join(" ")
}
