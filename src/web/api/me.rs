//! `/v1/me`: whose key this is.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::Caller;
use super::error::ApiError;
use crate::domain::ApiMode;
use crate::web::WebState;

/// Whose key it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    project: MyProject,
    team: Named,
    api_key: Keyed,
    is_test_mode: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct MyProject {
    id: String,
    name: String,
    is_sub_account: bool,
}

#[derive(Debug, Serialize)]
struct Named {
    id: String,
    name: String,
}

#[derive(Debug, Serialize)]
struct Keyed {
    id: String,
}

/// `GET /v1/me`. A project here is one partner's: it is its own team.
pub(super) async fn me(
    State(state): State<WebState>,
    caller: Caller,
) -> Result<Json<Me>, ApiError> {
    let id = caller.project.clone();
    let project = state.store.read(move |reader| reader.project(&id)).await?;
    let project = project.ok_or(ApiError::Unauthorized)?;
    let id = project.id.to_string();
    Ok(Json(Me {
        team: Named { id: id.clone(), name: project.brand.company },
        project: MyProject { id, name: project.name, is_sub_account: false },
        api_key: Keyed { id: caller.key.to_string() },
        is_test_mode: caller.mode == ApiMode::Test,
    }))
}
