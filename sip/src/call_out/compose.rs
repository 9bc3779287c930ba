//! The requests of a call out that stand outside its dialog: INVITE and CANCEL.

use rand::RngExt;
use rand::rngs::StdRng;

use super::CallOutPlan;
use crate::call::{Local, new_branch, new_tag};
use crate::dialog::Security;
use crate::message::{CSeq, Essentials, HeaderName, Method, NameAddr, Request, Via};
use crate::sdp::{Offer, Origin};

/// The INVITE, and the offer in it.
pub(super) fn compose_invite(
    plan: &CallOutPlan,
    local: &Local,
    rng: &mut StdRng,
) -> (Request, Offer) {
    let essentials = Essentials {
        via: Via::ours(plan.remote.transport(), plan.local, &new_branch(rng)),
        lower_vias: Vec::new(),
        from: NameAddr::ours(&plan.caller, Some(&new_tag(rng))),
        to: NameAddr::ours(&plan.target, None),
        call_id: [new_tag(rng), new_tag(rng)].concat(),
        cseq: CSeq { number: 1, method: Method::Invite },
    };
    let origin = Origin { address: plan.local, session: rng.random::<u64>() >> 2, version: 1 };
    let offer = Offer::first(origin, plan.media_address, &plan.media, rng);
    let invite = Request::new(plan.target.clone(), essentials)
        .with(
            HeaderName::Contact,
            local.contact_value(&plan.remote, Security::of_target(&plan.target)),
        )
        .with(HeaderName::Allow, Method::ALLOWED)
        .with_session(offer.to_bytes());
    (invite, offer)
}

/// The CANCEL of an INVITE: its Request-URI, branch and CSeq number (§9.1).
pub(super) fn cancel_of(invite: &Request) -> Request {
    let mut essentials = invite.essentials.clone();
    essentials.cseq.method = Method::Cancel;
    Request::new(invite.uri.clone(), essentials)
}
