//! What both engines must do, as one list: an engine proves itself with one call of `prove!`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "a test that cannot go on has failed, and alice is not alive"
)]

mod changes;
mod clients;
mod codes;
mod complete;
mod consents;
mod grants;
mod interactions;
mod keys;
mod logouts;
mod outage;
mod refresh;
mod registration;
mod schema;
mod sessions;
mod store;
mod throttle;
mod tokens;
mod used_jwts;
mod user_import;
mod users;
mod world;

macro_rules! cases {
    ($engine:ident, $module:ident: $($case:ident),* $(,)?) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            crate::$module::$case(crate::world::World::$engine().await).await;
        }
    )*};
}

macro_rules! prove {
    ($engine:ident) => {
        mod $engine {
            cases!($engine, store:
                a_new_database_is_ready_after_migrating,
                processes_that_migrate_at_once_do_it_once,
                an_embedded_database_is_copied_while_it_is_written_to,
                a_database_that_a_newer_version_migrated_is_opened_and_left_as_it_is,
                statements_are_counted,
                a_corrupt_value_names_its_statement_and_column,
                what_has_expired_is_removed_in_batches,
                a_grant_is_kept_while_its_interaction_could_be_concluded_again,
            );
            cases!($engine, changes:
                another_node_hears_of_a_change_at_once_where_there_can_be_one,
            );
            cases!($engine, clients:
                a_registered_client_is_found_by_its_name_and_its_row,
                a_name_is_registered_once_per_issuer,
                clients_are_listed_by_name_in_pages,
                metadata_is_replaced,
                a_replaced_secret_is_good_until_its_overlap_ends,
                an_overlap_outlives_another_form_of_the_secret_and_is_ended_by_hand,
                a_raised_epoch_ends_tokens_and_grants,
                a_deleted_client_takes_consents_and_tokens_along,
                an_origin_is_known_while_a_client_has_it,
            );
            cases!($engine, registration:
                a_client_that_registers_itself_is_told_from_one_that_an_operator_registered,
                a_registration_is_replaced_as_a_whole_and_its_old_token_is_dead,
                of_two_replacements_at_once_one_is_made,
                an_initial_access_token_is_good_until_used_up_expired_or_revoked,
                of_thirty_two_that_register_with_the_last_use_one_does,
                the_same_registered_twice_is_one_client_until_somebody_changes_it,
                clients_without_a_sign_of_life_are_removed_in_batches,
                a_younger_grant_is_a_sign_of_life,
            );
            cases!($engine, users:
                an_account_is_found_by_its_name_and_its_id,
                a_name_is_given_once_per_issuer,
                an_imported_account_keeps_its_id,
                accounts_are_listed_in_pages,
                a_newer_hash_never_undoes_a_changed_password,
                a_disabled_account_is_dead_until_enabled,
                a_deleted_account_takes_consents_sessions_and_grants_along,
            );
            cases!($engine, user_import:
                users_are_made_with_what_another_system_knew_of_them,
                the_same_again_changes_nothing_and_what_is_named_is_changed,
                a_password_that_was_used_or_changed_here_is_kept_unless_told_otherwise,
                what_cannot_be_taken_over_leaves_the_others,
                a_dry_run_says_the_same_and_writes_nothing,
                a_full_batch_is_made_and_changed_in_a_few_statements,
            );
            cases!($engine, sessions:
                a_browsers_sessions_come_in_the_order_given,
                ended_expired_idle_and_disabled_sessions_are_not_alive,
                authenticating_again_changes_the_secret_once,
                a_session_remembers_the_first_and_the_latest_authentications,
                using_a_session_keeps_it_from_idling_out,
                every_session_of_a_user_ends_at_once,
                the_sessions_of_a_user_are_listed_in_pages_the_newest_first,
                the_sessions_of_a_browser_end_together,
                an_ending_notes_each_client_that_asked_to_be_told,
                a_login_by_a_password_that_is_no_more_begins_no_session,
                the_clients_of_a_session_are_forgotten_with_it,
                a_disconnected_client_is_still_told_by_the_browser,
            );
            cases!($engine, logouts:
                of_thirty_two_who_claim_at_once_each_gets_other_rows,
                a_lease_that_ends_is_taken_by_another_and_its_first_holder_changes_nothing,
                a_client_has_so_many_leases_on_all_nodes_together,
                a_client_that_does_not_answer_is_probed_by_one_and_the_rest_waits,
                a_refusal_puts_off_itself_alone,
                what_is_given_up_is_gone_and_counted,
                the_counts_of_a_client_go_with_it,
                what_happens_while_a_client_is_told_is_told_as_well,
                ten_thousand_rows_of_one_client_keep_no_other_waiting,
            );
            cases!($engine, interactions:
                an_interaction_comes_back_as_it_was_stored,
                an_interaction_belongs_to_the_first_browser,
                that_a_login_was_authenticated_here_is_forgotten_with_it,
                a_refusal_concludes_once,
                an_interaction_that_gave_a_grant_cannot_be_refused,
                an_interaction_is_resumed_with_the_browsers_sessions_in_one_statement,
            );
            cases!($engine, grants:
                a_grant_comes_back_as_it_was_given,
                an_interaction_gives_one_grant,
                a_session_that_has_ended_gives_no_grant,
                an_expired_or_missing_interaction_gives_none,
                a_grant_is_revoked_once_and_only_by_its_client,
                all_grants_of_a_user_or_of_an_app_end_together,
                all_grants_of_a_user_end_together_but_those_of_a_login_that_is_kept,
                a_client_that_is_disconnected_loses_consent_and_grants_and_is_told,
                clients_are_connected_by_consent_or_by_a_live_grant,
                grants_are_listed_by_what_they_belong_to,
                a_dead_grant_is_not_found_alive,
            );
            cases!($engine, codes:
                a_code_is_redeemed_once_for_what_was_granted,
                thirty_two_tries_at_one_code_have_one_winner,
                a_repeated_statement_of_the_winner_is_no_replay,
                a_replay_by_its_owner_revokes_what_the_code_gave,
                a_wrong_client_or_address_changes_nothing,
                wrong_verifiers_are_counted_and_the_fifth_burns_the_code,
                parallel_guesses_are_all_counted,
                a_missing_or_unexpected_verifier_is_refused_and_no_guess,
                an_address_that_was_not_asked_for_may_stay_unnamed,
                an_expired_code_gives_nothing,
                only_its_client_hears_what_a_code_is_for_before_using_it,
                a_code_dies_with_its_session_user_and_client,
                a_grant_that_can_be_refreshed_lives_by_use_and_any_other_by_its_token,
            );
            cases!($engine, refresh:
                the_current_generation_advances,
                a_lost_answer_is_repaired_within_the_retry_time,
                a_lost_answer_is_a_replay_after_the_retry_time,
                without_retry_time_every_second_use_is_a_replay,
                a_sibling_of_the_instance_that_advanced_is_a_replay,
                the_parent_is_a_replay_once_its_successor_was_used,
                a_generation_that_was_never_given_is_a_replay,
                another_client_changes_nothing,
                a_client_that_does_not_rotate_keeps_its_generation,
                use_extends_the_idle_time_up_to_the_end,
                a_dead_grant_is_not_refreshed,
                thirty_two_uses_of_one_token_advance_once,
                of_thirty_two_uses_without_retry_one_is_answered,
                of_thirty_two_siblings_one_advances_and_the_grant_ends,
            );
            cases!($engine, tokens:
                a_token_lives_as_long_as_all_it_depends_on,
                a_token_of_a_client_for_itself_lives_until_its_id_is_revoked,
                a_revocation_outlives_its_token_on_the_slowest_clock,
                a_token_is_read_in_one_statement,
            );
            cases!($engine, used_jwts:
                a_jwt_counts_once_and_its_own_attempt_may_be_repeated,
                of_thirty_two_uses_of_one_jwt_one_counts,
                a_used_jwt_is_remembered_longer_than_anybody_accepts_it,
            );
            cases!($engine, consents:
                a_consent_is_remembered_per_user_and_client,
            );
            cases!($engine, keys:
                of_nodes_that_start_at_once_one_makes_the_first_key,
                an_algorithm_has_one_next_key_which_is_promoted_once,
                a_next_key_is_either_promoted_or_deleted,
                of_nodes_that_start_at_once_one_makes_a_data_key,
                a_data_key_is_rewrapped_once,
                the_kill_switch_leaves_one_new_key,
            );
            cases!($engine, throttle:
                parallel_tries_do_not_get_past_the_allowance,
                delays_grow_up_to_thirty_seconds,
                while_blocked_nothing_advances,
                a_success_clears_the_account_and_gives_back_the_address,
                failures_are_forgotten_after_the_window,
            );
        }
    };
}

prove!(sqlite);
prove!(postgres);
