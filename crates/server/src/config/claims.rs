//! What is released about users, beyond the standard scopes (OpenID Connect Core section 5.4).

use grantor_protocol::ClaimScopes;

use super::reader::Reader;

/// Claims and the scopes that release them.
#[derive(Debug)]
pub struct Claims {
    /// The standard scopes and the operator's own.
    pub scopes: ClaimScopes,
}

pub(super) fn read(reader: &mut Reader<'_>) -> Claims {
    let extra = reader.list("claims.scopes", |text| {
        let shape = || format!("\"{text}\" is not of the form \"scope: claim, claim\"");
        let (scope, claims) = text.split_once(": ").ok_or_else(shape)?;
        let claims: Vec<String> = claims.split(',').map(|claim| claim.trim().to_owned()).collect();
        let entry = (scope.trim().to_owned(), claims);
        ClaimScopes::with(vec![entry.clone()]).map(|_| entry)
    });
    // Each entry was tried by itself, which is all there is to try.
    Claims { scopes: ClaimScopes::with(extra.unwrap_or_default()).unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{config, problems_and_warnings};
    use grantor_protocol::Scope;

    #[test]
    fn scopes_of_the_operator_release_claims() {
        let read = config("claims.scopes = ['company: department, employee_number', 'urn:x: y']");
        let released = |scope| read.claims.scopes.released_by(&Scope::parse(scope).unwrap());
        assert_eq!(released("company"), ["department", "employee_number"]);
        assert_eq!(released("urn:x"), ["y"]);
        for wrong in ["company", "a b: c", "company: sub", "company: , x"] {
            let (problems, _) = problems_and_warnings(&format!("claims.scopes = ['{wrong}']"));
            assert!(problems[0].starts_with("claims.scopes[0]: "), "{problems:?}");
        }
    }
}
