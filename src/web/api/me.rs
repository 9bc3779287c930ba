//! `/v1/me`: whose key this is.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Caller;
use super::error::{ApiError, Problems};
use crate::web::WebState;

/// Whose key it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Me {
    project: MyProject,
    team: MyTeam,
    api_key: MyKey,
    is_test_mode: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MyProject {
    id: String,
    name: String,
    is_sub_account: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct MyTeam {
    id: String,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct MyKey {
    id: String,
}

/// Get me
///
/// The project that the key acts for.
#[utoipa::path(
    get, path = "/me", tag = "Me",
    responses((status = 200, body = Me), Problems),
)]
pub(super) async fn me(
    State(state): State<WebState>,
    caller: Caller,
) -> Result<Json<Me>, ApiError> {
    let id = caller.project.clone();
    let project = state.store.read(move |reader| reader.project(&id)).await?;
    let project = project.ok_or(ApiError::Unauthorized)?;
    let id = project.id.to_string();
    Ok(Json(Me {
        // A project here is one partner's: it is its own team.
        team: MyTeam { id: id.clone(), name: project.brand.company },
        project: MyProject { id, name: project.name, is_sub_account: false },
        api_key: MyKey { id: caller.key.to_string() },
        is_test_mode: caller.is_test(),
    }))
}
