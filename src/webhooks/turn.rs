//! Whose turn it is to be told something: a receiver that hangs keeps no other waiting, and a partner with
//! many of them keeps no other partner waiting. Pure.

use crate::domain::WebhookId;
use crate::store::DueWebhookEvent;

/// Deliveries under way at once. What is due beyond that waits in the store.
pub(super) const MOST_AT_ONCE: usize = 64;

/// The same of one project, each of whose senders may have a webhook.
const MOST_OF_PROJECT: usize = 16;

/// The same to one webhook.
pub(super) const MOST_TO_ONE: u8 = 4;

/// What of `due`, which is sorted by webhook, is begun now. Who has the least under way comes first: a
/// project, and then one of its webhooks. Among equals it is the turn of the webhook that follows on `last`,
/// to which something was begun last.
pub(super) fn choose(
    mut due: Vec<DueWebhookEvent>,
    under_way: Vec<DueWebhookEvent>,
    last: Option<&WebhookId>,
) -> Vec<DueWebhookEvent> {
    due.retain(|event| !under_way.contains(event));
    let next = due.partition_point(|event| Some(&event.webhook) <= last);
    due.rotate_left(next);
    let before = under_way.len();
    let mut begun = under_way;
    while begun.len() < MOST_AT_ONCE
        && let Some(index) = first_in_turn(&due, &begun)
    {
        begun.push(due.remove(index));
    }
    begun.split_off(before)
}

/// Where in `due` the first one stands that has the least under way, and room for one more.
fn first_in_turn(due: &[DueWebhookEvent], under_way: &[DueWebhookEvent]) -> Option<usize> {
    let load = |event: &DueWebhookEvent| {
        let of_project = under_way.iter().filter(|other| other.project == event.project).count();
        let to_webhook = under_way.iter().filter(|other| other.webhook == event.webhook).count();
        (of_project, to_webhook)
    };
    due.iter()
        .map(load)
        .enumerate()
        .filter(|(_, (of_project, to_webhook))| {
            *of_project < MOST_OF_PROJECT && *to_webhook < usize::from(MOST_TO_ONE)
        })
        .min_by_key(|(_, load)| *load)
        .map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ProjectId, WebhookEventId};

    /// What is due at a webhook of a project.
    fn due(project: &str, webhook: &str, count: usize) -> Vec<DueWebhookEvent> {
        let event = |index| DueWebhookEvent {
            id: WebhookEventId::from_stored(format!("{webhook}-{index}")),
            webhook: WebhookId::from_stored(webhook.to_owned()),
            project: ProjectId::from_stored(project.to_owned()),
        };
        (0..count).map(event).collect()
    }

    fn ids(events: &[DueWebhookEvent]) -> Vec<&str> {
        events.iter().map(|event| event.id.as_str()).collect()
    }

    #[test]
    fn a_webhook_is_told_four_things_at_once_and_in_their_order() {
        let four = ["a-0", "a-1", "a-2", "a-3"];
        let chosen = choose(due("acme", "a", 9), Vec::new(), None);
        assert_eq!(ids(&chosen), four);
        assert!(choose(due("acme", "a", 9), chosen.clone(), None).is_empty());
        assert_eq!(ids(&choose(due("acme", "a", 9), chosen[1..].to_vec(), None)), ["a-0"]);
    }

    #[test]
    fn the_webhooks_of_a_project_do_not_take_all_there_is() {
        let of_acme = (10..40).flat_map(|index| due("acme", &format!("a{index}"), 4)).collect();
        let hanging = choose(of_acme, Vec::new(), None);
        assert_eq!(hanging.len(), MOST_OF_PROJECT);
        let mut both = due("acme", "a99", 4);
        both.extend(due("bolt", "b", 4));
        assert_eq!(ids(&choose(both, hanging, None)), ["b-0", "b-1", "b-2", "b-3"]);
    }

    #[test]
    fn the_place_that_gets_free_is_for_who_has_the_least_under_way() {
        let projects = ["acme", "bolt", "core", "dune", "east"];
        let mut hanging: Vec<_> = (0..MOST_AT_ONCE)
            .flat_map(|index| due(projects[index % 5], &format!("w{index}"), 1))
            .collect();
        let waiting = || [due("acme", "a", 1), due("bolt", "b", 1), due("fern", "f", 1)].concat();
        assert!(choose(waiting(), hanging.clone(), None).is_empty());
        hanging.pop();
        assert_eq!(ids(&choose(waiting(), hanging, None)), ["f-0"]);
    }

    #[test]
    fn among_equals_each_has_its_turn() {
        // More than there are places, each of another project.
        let all: Vec<_> =
            (100..200).flat_map(|n| due(&format!("p{n}"), &format!("w{n}"), 4)).collect();
        let first = choose(all.clone(), Vec::new(), None);
        assert_eq!(first.len(), MOST_AT_ONCE);
        let last = &first[MOST_AT_ONCE - 1].webhook;
        assert_eq!(last.as_str(), "w163");
        let second = choose(all, Vec::new(), Some(last));
        assert_eq!(ids(&second[..2]), ["w164-0", "w165-0"]);
        assert_eq!(second[36].webhook.as_str(), "w100", "and from the beginning again");
    }
}
