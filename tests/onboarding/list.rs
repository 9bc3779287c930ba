//! The partner's list of invitations, and the timeline of one.

use std::time::Duration;

use zavud::domain::{
    Actor, FailureReason, InvitationId, InvitationStatus, InvitationToken, ProjectId, Redirects,
    Submission, Timestamp,
};
use zavud::onboarding::{Invited, Step, invite, invite_once, record_opening};
use zavud::store::{
    Happening, InvitationPage, ListPosition, ListQuery, ListSort, MOST_COMPARED, MOST_HITS,
    NewConnection, NewInvitation, NewProject, SearchCut, SearchTerms,
};

use crate::desk::{DAY, Desk, NOW, id, number, project, resend, token};

const MINUTE: Duration = Duration::from_secs(60);

/// Made one minute after the other, each for as many days as its number.
fn invitation(index: u8, name: &str, email: &str) -> NewInvitation {
    let created_at = NOW + MINUTE * u32::from(index);
    NewInvitation {
        id: InvitationId::new(created_at, [index; 10]),
        project: project(),
        token: token(index),
        client_name: Some(name.to_owned()),
        client_email: Some(email.parse().unwrap()),
        language: None,
        connection: NewConnection::ClientNumber,
        countries: None,
        redirects: Redirects::default(),
        created_at,
        expires_at: created_at + DAY * u32::from(index),
    }
}

const CLIENTS: [(&str, &str); 5] = [
    ("Caf\u{e9} Ana", "ana@cafe.example"),
    ("Bakery", "bob@bakery.example"),
    ("100% Dogs_", "dogs@pets.example"),
    ("Bakery of the North", "north@bakery.example"),
    ("\u{41a}\u{43b}\u{438}\u{43d}\u{438}\u{43a}\u{430}", "clinic@example.org"),
];

async fn desk() -> Desk {
    let desk = Desk::open().await;
    let write = desk.store.write(|writer| {
        for (index, (name, email)) in (1..).zip(CLIENTS) {
            invite(writer, &invitation(index, name, email), Actor::Partner)?.unwrap();
        }
        let connection = NewConnection::Preassigned(number(0));
        let with_number = NewInvitation { connection, ..invitation(6, "Numbered", "n@x.example") };
        invite(writer, &with_number, Actor::Partner)?.unwrap();
        let stranger = ProjectId::new(NOW, [9; 10]);
        let name = "Other".to_owned();
        writer.insert_project(&NewProject { id: stranger.clone(), name, created_at: NOW })?;
        let strange = NewInvitation { project: stranger, ..invitation(7, "Bakery", "b@x.example") };
        invite(writer, &strange, Actor::Partner)
    });
    write.await.unwrap().unwrap();
    desk
}

/// Who stands on the page, by their number.
fn numbers(page: &InvitationPage) -> Vec<u8> {
    let index = |at: Timestamp| u8::try_from(at.since(NOW).as_secs() / 60).unwrap();
    page.rows.iter().map(|row| index(row.created_at)).collect()
}

impl Desk {
    async fn page(&self, query: ListQuery, limit: usize, now: Timestamp) -> InvitationPage {
        let read =
            self.store.read(move |reader| reader.invitation_page(&project(), &query, limit, now));
        read.await.unwrap()
    }

    async fn found(&self, text: &str) -> Vec<u8> {
        let query = ListQuery { search: SearchTerms::of(text), ..ListQuery::default() };
        numbers(&self.page(query, 10, NOW).await)
    }

    async fn step(&self, index: u8, step: Step, now: Timestamp) {
        let at = invitation(index, "x", "x@x.example").id;
        let write = self.store.write(move |writer| {
            zavud::onboarding::take_step(writer, &at, &step, Actor::Client, now)
        });
        write.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn each_part_of_a_name_an_address_a_number_or_an_id_is_found_within_the_project() {
    let desk = desk().await;
    for (text, expected) in [
        ("", vec![6, 5, 4, 3, 2, 1]),
        ("bakery", vec![4, 2]),
        ("BAK ORTH", vec![4]),
        ("cafe", vec![1]),
        ("CAF\u{c9} an", vec![1]),
        ("\u{43a}\u{43b}\u{438}\u{43d}", vec![5]),
        ("00%", vec![3]),
        ("s_", vec![3]),
        ("a_", vec![]),
        ("\"", vec![]),
        ("\\", vec![]),
        ("bob@", vec![2]),
        ("+1 555 010-0100", vec![6]),
        ("x.example", vec![6]),
        ("ex", vec![6, 5, 4, 3, 2, 1]),
        ("bakery AND north", vec![]),
        ("nobody", vec![]),
    ] {
        assert_eq!(desk.found(text).await, expected, "{text:?}");
    }
    let whole = invitation(3, "x", "x@x.example").id;
    assert_eq!(desk.found(whole.as_str()).await, [3]);
    assert_eq!(
        desk.found("inv_0").await,
        [1, 2, 3, 4, 5, 6].into_iter().rev().collect::<Vec<u8>>()
    );
    assert_eq!(desk.found("0303").await, Vec::<u8>::new(), "that is a part of an id");
}

#[tokio::test]
async fn a_list_is_paged_both_ways_however_it_is_sorted_and_nothing_is_left_out() {
    let desk = desk().await;
    desk.step(2, Step::Begin, NOW + MINUTE * 30).await;
    for (sort, order) in [
        (ListSort::Newest, [6, 5, 4, 3, 2, 1]),
        (ListSort::Oldest, [1, 2, 3, 4, 5, 6]),
        (ListSort::Longest, [1, 3, 4, 5, 6, 2]),
        (ListSort::Expiry, [1, 2, 3, 4, 5, 6]),
    ] {
        let query = |position| ListQuery { sort, position, ..ListQuery::default() };
        let first = desk.page(query(None), 2, NOW).await;
        assert_eq!((numbers(&first), &first.before), (order[..2].to_vec(), &None), "{sort:?}");
        let after = first.after.clone().unwrap();
        assert_eq!(after.to_string().parse(), Ok(after.clone()));
        let second = desk.page(query(Some(ListPosition::After(after))), 2, NOW).await;
        assert_eq!(numbers(&second), order[2..4], "{sort:?}");
        let after = second.after.clone().map(ListPosition::After);
        let third = desk.page(query(after), 2, NOW).await;
        assert_eq!((numbers(&third), &third.after), (order[4..].to_vec(), &None), "{sort:?}");
        let before = third.before.map(ListPosition::Before);
        assert_eq!(desk.page(query(before), 2, NOW).await, second, "{sort:?}");
        let before = second.before.map(ListPosition::Before);
        assert_eq!(desk.page(query(before), 2, NOW).await, first, "{sort:?}");
    }
}

#[tokio::test]
async fn a_list_is_filtered_and_counted_by_where_invitations_stand_at_that_moment() {
    let desk = desk().await;
    desk.step(2, Step::Begin, NOW).await;
    desk.step(3, Step::Begin, NOW).await;
    desk.step(3, Step::Fail(FailureReason::Cancelled), NOW).await;
    desk.step(4, Step::Cancel, NOW).await;
    use InvitationStatus::{Cancelled, Completed, Expired, Failed, InProgress, Pending};
    let later = NOW + DAY * 2 + MINUTE * 2;
    for (now, status, expected) in [
        (NOW, Pending, vec![6, 5, 1]),
        (NOW, InProgress, vec![2]),
        (NOW, Failed, vec![3]),
        (NOW, Cancelled, vec![4]),
        (NOW, Completed, vec![]),
        (NOW, Expired, vec![]),
        // Nobody recorded it yet.
        (later, Expired, vec![2, 1]),
        (later, Pending, vec![6, 5]),
        (later, InProgress, vec![]),
    ] {
        for search in ["", "exa"] {
            let search = SearchTerms::of(search);
            let query = ListQuery { status: Some(status), search, ..ListQuery::default() };
            let page = desk.page(query, 10, now).await;
            assert_eq!(numbers(&page), expected, "{status}");
            assert!(page.rows.iter().all(|row| row.status == status));
        }
        let read = desk.store.read(move |reader| reader.invitation_counts(&project(), now));
        let counts = read.await.unwrap();
        assert_eq!((counts.of(status), counts.total()), (expected.len() as u64, 6), "{status}");
    }
}

#[tokio::test]
async fn a_form_that_is_sent_twice_makes_one_invitation() {
    let desk = desk().await;
    let form: Submission = "abc".parse().unwrap();
    let send = |index: u8, form: Submission| {
        desk.store.write(move |writer| {
            invite_once(writer, &invitation(index, "Twice", "t@x.example"), &form, Actor::Partner)
        })
    };
    let made = invitation(20, "", "t@x.example").id;
    assert_eq!(send(20, form.clone()).await.unwrap(), Ok(Invited::Now(made.clone())));
    assert_eq!(send(21, form).await.unwrap(), Ok(Invited::Before(made)));
    assert_eq!(desk.found("Twice").await, [20]);
    send(22, "def".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(desk.found("Twice").await, [22, 20]);
}

#[tokio::test]
async fn the_timeline_tells_what_happened_in_its_order_and_no_stranger() {
    let desk = Desk::open().await;
    desk.invite(7, None, NOW, 7).await.unwrap();
    let open =
        |now| desk.store.write(move |writer| record_opening(writer, &project(), &id(7), now));
    open(NOW + MINUTE).await.unwrap();
    open(NOW + MINUTE * 2).await.unwrap();
    desk.take(7, Step::Cancel, NOW + MINUTE * 3).await.unwrap();
    desk.take(7, resend(8, NOW, 7), NOW + MINUTE * 4).await.unwrap();
    open(NOW + MINUTE * 5).await.unwrap();
    let timeline = |of: ProjectId| desk.store.read(move |reader| reader.timeline(&of, &id(7)));
    let told: Vec<_> = timeline(project())
        .await
        .unwrap()
        .into_iter()
        .map(|entry| {
            let what = match entry.what {
                Happening::Step(step) => step.to.to_string(),
                Happening::Opened => "opened".to_owned(),
                other => format!("{other:?}"),
            };
            (entry.at.since(NOW).as_secs() / 60, what)
        })
        .collect();
    let expected = [(0, "pending"), (1, "opened"), (3, "cancelled"), (4, "pending"), (5, "opened")];
    assert_eq!(told, expected.map(|(minute, what)| (minute, what.to_owned())));
    let stranger = ProjectId::new(NOW, [9; 10]);
    assert_eq!(timeline(stranger.clone()).await.unwrap(), []);
    let detail = |of: ProjectId| {
        desk.store.read(move |reader| reader.invitation_detail(&of, &id(7), NOW + MINUTE * 6))
    };
    assert_eq!(detail(stranger).await.unwrap(), None);
    let detail = detail(project()).await.unwrap().unwrap().invitation;
    assert_eq!(detail.viewed_at, Some(NOW + MINUTE * 5));
    assert_eq!(detail.token, InvitationToken::new([8; 20]));
}

#[tokio::test]
async fn a_term_too_short_for_the_index_is_looked_for_among_the_newest_and_that_is_said() {
    let desk = Desk::open().await;
    let make = async |indexes: std::ops::RangeInclusive<u32>| {
        let made = desk.store.write(move |writer| {
            indexes.into_iter().try_for_each(|index| {
                let is_found = index % MOST_COMPARED == 0;
                let name = if is_found { format!("Xq {index}") } else { "Bakery".into() };
                let created_at = NOW + Duration::from_secs(index.into());
                let mut random = [0; 20];
                random[..4].copy_from_slice(&index.to_be_bytes());
                writer.insert_invitation(&NewInvitation {
                    id: InvitationId::new(created_at, random[..10].try_into().unwrap()),
                    token: InvitationToken::new(random),
                    created_at,
                    ..invitation(1, &name, "x@x.example")
                })
            })
        });
        made.await.unwrap();
    };
    let found = async |text: &str| {
        let search = SearchTerms::of(text);
        let query = ListQuery { search: search.clone(), ..ListQuery::default() };
        let read = desk.store.read(move |reader| {
            let page = reader.invitation_page(&project(), &query, 10, NOW)?;
            Ok((page.rows.len(), reader.search_cut(&project(), &search)?))
        });
        read.await.unwrap()
    };
    make(0..=MOST_HITS).await;
    assert_eq!(found("xq").await, (1, None));
    assert_eq!(found("ba").await, (10, Some(SearchCut::Hits)));
    make(MOST_HITS + 1..=MOST_COMPARED).await;
    assert_eq!(found("xq").await, (1, Some(SearchCut::Compared)), "the oldest is left out");
    assert_eq!(found("zz").await, (0, Some(SearchCut::Compared)));
    assert_eq!(found("bakery xq").await, (0, None));
    assert_eq!(found("x.example xq").await, (2, None), "by the index all are found");
    assert_eq!(found("bakery").await, (10, Some(SearchCut::Hits)));
    assert_eq!(found("").await, (10, None));
}
