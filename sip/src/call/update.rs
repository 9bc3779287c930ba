//! UPDATE: a new target, a new session, or neither (RFC 3311 §5.2). It is answered at once and has
//! no ACK.

use super::reinvite::retry_after;
use super::{
    Answering, Call, CallEvent, Confirmed, Effect, PendingMedia, Reply, Scene, State, Step,
    TimerRequest,
};
use crate::StatusCode;
use crate::message::{HeaderName, Request, Response};
use crate::sdp::MediaPlan;
use crate::transaction::table::Opening;

impl Call {
    pub(crate) fn update(
        mut self,
        request: &Request,
        opening: Opening,
        scene: &mut Scene<'_>,
    ) -> Step {
        let offer = request.session();
        let verdict =
            if offer.is_empty() { Ok(None) } else { self.answer_update(offer, scene).map(Some) };
        let (response, changed) = match verdict {
            Ok(answer) => {
                let (description, changed) = answer.unzip();
                (self.accept_update(request, &opening, description, scene), changed.flatten())
            }
            Err(status) => (refuse_update(request, &opening, status, scene), None),
        };
        let (reply, response) = (Reply::Other(Box::new(opening)), Box::new(response));
        scene.effects.push(Effect::Respond { reply, response });
        let event = changed.map(|media| CallEvent::MediaChanged { call: self.handle, media });
        scene.effects.extend(event.map(Effect::Event));
        Step::Continues(self)
    }

    /// Our description that answers an offer, and what is new by it. While another offer has no
    /// answer, it is refused (RFC 3311 §5.2): with 491 if that one is ours, else with 500.
    fn answer_update(
        &mut self,
        offer: &[u8],
        scene: &mut Scene<'_>,
    ) -> Result<(Vec<u8>, Option<MediaPlan>), StatusCode> {
        let is_reinviting = self.timer.is_reinviting();
        let (session, media) = match &mut self.state {
            State::Ringing(_) => return Err(StatusCode::SERVER_INTERNAL_ERROR),
            State::Answering(Answering { media: PendingMedia::Offered { .. }, .. }) => {
                return Err(StatusCode::REQUEST_PENDING);
            }
            State::Confirmed(_) if is_reinviting => return Err(StatusCode::REQUEST_PENDING),
            State::Answering(Answering {
                session, media: PendingMedia::Settled(media), ..
            })
            | State::Confirmed(Confirmed { session, media }) => (session, media),
        };
        let (new_session, new_media) = session
            .answering_later(media, offer, &self.policy, scene.rng)
            .ok_or(StatusCode::NOT_ACCEPTABLE_HERE)?;
        let changed = (new_media != *media).then(|| new_media.clone());
        let description = new_session.description().to_vec();
        (*session, *media) = (new_session, new_media);
        Ok((description, changed))
    }

    fn accept_update(
        &mut self,
        request: &Request,
        opening: &Opening,
        description: Option<Vec<u8>>,
        scene: &mut Scene<'_>,
    ) -> Response {
        self.dialog.refresh_target(&request.headers);
        let timer = TimerRequest::of(request);
        self.timer.answered(&timer, scene.now);
        let flow = opening.flow;
        let response = scene.local.response(&request.essentials, flow, StatusCode::OK, None);
        let response = timer.answer(scene.local.reachable(response, &flow, self.dialog.security()));
        match description {
            Some(description) => response.with_session(description),
            None => response,
        }
    }
}

fn refuse_update(
    request: &Request,
    opening: &Opening,
    status: StatusCode,
    scene: &mut Scene<'_>,
) -> Response {
    let response = scene.local.response(&request.essentials, opening.flow, status, None);
    if status == StatusCode::SERVER_INTERNAL_ERROR {
        response.with(HeaderName::RetryAfter, retry_after(scene))
    } else {
        response
    }
}
