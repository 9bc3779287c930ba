//! Who is in a project: an owner decides, and there is always one.

use super::links::{Admitted, admit, issue_password_link};
use crate::domain::{Email, PartnerId, ProjectId, Role, SecretToken, Timestamp};
use crate::store::{Member, Reader, StoreError, Writer};

/// Why nothing was done with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MemberRefusal {
    #[error("the project has no such member")]
    Unknown,
    #[error("the project has this member already")]
    AlreadyIn,
    #[error("a project keeps an owner")]
    LastOwner,
    /// Whoever has the link could sign in to those as well.
    #[error("the member is in other projects too")]
    InOtherProjects,
}

/// Lets an owner give somebody a role. Whoever has no password yet gets a link, unless another project has
/// invited them: there is a link from there, and a second one would open that project too.
///
/// # Errors
/// When the store refuses. The inner error says that somebody is in the project already.
pub fn add_member(
    writer: &Writer<'_>,
    project: &ProjectId,
    email: &Email,
    role: Role,
    now: Timestamp,
) -> Result<Result<Admitted, MemberRefusal>, StoreError> {
    let Some(known) = writer.partner_by_email(email)? else {
        return admit(writer, project, email, role, now).map(Ok);
    };
    if member(writer, project, &known.id)?.is_some() {
        return Ok(Err(MemberRefusal::AlreadyIn));
    }
    if known.password.is_none() && is_elsewhere(writer, project, &known.id)? {
        writer.put_membership(project, &known.id, role, now)?;
        return Ok(Ok(Admitted { partner: known.id, link: None }));
    }
    admit(writer, project, email, role, now).map(Ok)
}

/// Gives a member another role. Returns the member as it was.
///
/// # Errors
/// When the store refuses. The inner error says why the role stays.
pub fn change_role(
    writer: &Writer<'_>,
    project: &ProjectId,
    partner: &PartnerId,
    role: Role,
    now: Timestamp,
) -> Result<Result<Member, MemberRefusal>, StoreError> {
    let found = match leavable(writer, project, partner)? {
        Ok(member) => member,
        Err(MemberRefusal::LastOwner) if role == Role::Owner => {
            return Ok(member(writer, project, partner)?.ok_or(MemberRefusal::Unknown));
        }
        Err(refusal) => return Ok(Err(refusal)),
    };
    writer.put_membership(project, partner, role, now)?;
    Ok(Ok(found))
}

/// Takes a member out of a project; the account stays. Returns the member as it was.
///
/// # Errors
/// When the store refuses. The inner error says why the member stays.
pub fn remove_member(
    writer: &Writer<'_>,
    project: &ProjectId,
    partner: &PartnerId,
) -> Result<Result<Member, MemberRefusal>, StoreError> {
    let found = leavable(writer, project, partner)?;
    if found.is_ok() {
        writer.remove_membership(project, partner)?;
    }
    Ok(found)
}

/// Makes a link by which a member sets a new password: whoever forgot the one before, or never had one.
/// Only for somebody who is in no other project, since whoever makes the link could use it.
///
/// # Errors
/// When the store refuses. The inner error says why there is no link.
pub fn renew_link(
    writer: &Writer<'_>,
    project: &ProjectId,
    partner: &PartnerId,
    now: Timestamp,
) -> Result<Result<(Member, SecretToken), MemberRefusal>, StoreError> {
    let Some(found) = member(writer, project, partner)? else {
        return Ok(Err(MemberRefusal::Unknown));
    };
    if is_elsewhere(writer, project, partner)? {
        return Ok(Err(MemberRefusal::InOtherProjects));
    }
    Ok(Ok((found, issue_password_link(writer, partner, now)?)))
}

/// Whether a partner is in another project.
fn is_elsewhere(
    reader: &Reader<'_>,
    project: &ProjectId,
    partner: &PartnerId,
) -> Result<bool, StoreError> {
    Ok(reader.memberships_of(partner)?.iter().any(|other| other.project != *project))
}

/// A member without whom the project still has an owner.
fn leavable(
    reader: &Reader<'_>,
    project: &ProjectId,
    partner: &PartnerId,
) -> Result<Result<Member, MemberRefusal>, StoreError> {
    let members = reader.members(project)?;
    let is_owner = |member: &&Member| member.role == Role::Owner;
    let owners = members.iter().filter(is_owner).count();
    Ok(match members.into_iter().find(|member| member.partner == *partner) {
        None => Err(MemberRefusal::Unknown),
        Some(member) if member.role == Role::Owner && owners == 1 => Err(MemberRefusal::LastOwner),
        Some(member) => Ok(member),
    })
}

fn member(
    reader: &Reader<'_>,
    project: &ProjectId,
    partner: &PartnerId,
) -> Result<Option<Member>, StoreError> {
    Ok(reader.members(project)?.into_iter().find(|member| member.partner == *partner))
}
