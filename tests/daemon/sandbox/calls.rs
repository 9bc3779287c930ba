//! The calls of the stand-in, as the daemon hears them.

use serde_json::json;
use zavud::domain::CodeStage;

use super::visitor::{StandIn, Visitor};
use crate::support::{NUMBER, TestDaemon, code_on, stages_until};

async fn up_to_the_code(stand_in: &StandIn) -> Visitor {
    let visitor = stand_in.visit(json!({})).await;
    for (action, value) in [("log_in", ""), ("choose", "Acme"), ("enter", NUMBER)] {
        visitor.answer(action, value).await;
    }
    let page = visitor.answer("call", "").await;
    assert_eq!((page.title(), page.problem()), ("Enter the code", None));
    visitor
}

#[tokio::test]
async fn the_code_that_is_spoken_is_read_and_accepted() {
    let (stand_in, daemon) = (StandIn::start().await, TestDaemon::start_reading().await);
    stand_in.sandbox.call_over(daemon.daemon.sip_address());
    let mut page = daemon.watch(None).await;
    let visitor = up_to_the_code(&stand_in).await;
    let code = code_on(&mut page).await;
    let next = visitor.answer("type", &format!(" {code} ")).await;
    assert_eq!((next.title(), next.problem()), ("Allow access", None));
    let end = visitor.answer("allow", "").await;
    assert_eq!(end.message()["event"], "FINISH");
    assert!(end.message()["data"]["phone_number_id"].is_string() && end.code().is_some());
    stand_in.stop().await;
    daemon.daemon.stop().await;
}

#[tokio::test]
async fn a_call_ends_with_the_stand_in() {
    let (stand_in, daemon) = (StandIn::start().await, TestDaemon::start().await);
    stand_in.sandbox.call_over(daemon.daemon.sip_address());
    let mut page = daemon.watch(None).await;
    up_to_the_code(&stand_in).await;
    stages_until(&mut page, |stage| matches!(stage, CodeStage::Listening { .. })).await;
    stand_in.stop().await;
    daemon.daemon.stop().await;
}
