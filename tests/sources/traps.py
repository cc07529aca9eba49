"""Every trap that a watcher of ComfyUI can fall into, and the tests that hold it.

The numbers are those of the list in docs/comfyui.md. A test is written as file::function,
below `tests/`; `test_traps.py` holds that each exists.
"""

from __future__ import annotations

LINE = "dialects/comfyui/test_line.py"
SOCKET = "dialects/comfyui/test_socket.py"
CONSOLE = "dialects/comfyui/test_console.py"
CLOSING = "dialects/comfyui/test_closing.py"
TURNS = "dialects/comfyui/test_turns.py"
VERDICT = "dialects/comfyui/test_verdict.py"
RESTART = "dialects/comfyui/test_restart_and_wedge.py"
RECORDED = "dialects/comfyui/test_recordings.py"
BAD = "dialects/comfyui/test_bad_input.py"
LIVE = "sources/test_comfyui.py"
ASKING = "sources/test_asking.py"
QUIET = "sources/test_zero_interference.py"
SERVERS = "sources/test_bad_servers.py"

TRAPS: dict[str, list[str]] = {
    "1 a client id taken from its owner": [f"{QUIET}::test_every_connection_has_an_id_of_its_own"],
    "2 a socket that is not read freezes all": [
        f"{ASKING}::test_the_inbox_is_bounded_and_keeps_answers_and_the_newest",
        f"{LIVE}::test_a_socket_that_is_stuck_elsewhere_does_not_blind_us",
    ],
    "3 ExecutionBlocked is no end": [
        f"{SOCKET}::test_blocked_execution_is_not_an_end",
        f"{CLOSING}::test_a_blocked_execution_in_the_history_is_a_success",
    ],
    "4 success before history": [
        f"{SOCKET}::test_success_on_the_socket_is_finishing_until_the_history_has_it",
        f"{CLOSING}::test_slow_history_stays_finishing",
        f"{LIVE}::test_slow_history_delays_the_end_and_changes_nothing",
    ],
    "5 removed jobs vanish silently": [
        f"{CLOSING}::test_what_was_deleted_while_waiting_is_cancelled",
        f"{LIVE}::test_a_job_deleted_while_waiting_is_cancelled",
    ],
    "5 a history that was cleared": [
        f"{CLOSING}::test_what_ran_to_its_end_and_was_cleared_says_so",
        f"{LIVE}::test_cleared_history_is_unknown_and_not_done",
    ],
    "6 a restart forgets all": [
        f"{CLOSING}::test_a_restart_proven_by_the_console_loses_at_once",
        f"{CLOSING}::test_numbers_that_fall_prove_a_restart",
        f"{LIVE}::test_a_restart_in_mid_job_is_lost_with_its_proof",
    ],
    "7 the worker dies and HTTP lives on": [
        f"{CLOSING}::test_a_wedge_is_trouble_on_the_source",
        f"{RESTART}::test_waiting_jobs_and_nothing_running_is_a_wedge",
        f"{RESTART}::test_silence_is_a_wedge_only_where_the_console_is_heard",
    ],
    "8 a cached run has empty outputs": [
        f"{CLOSING}::test_a_success_without_outputs_is_a_success",
    ],
    "9 a full bar is not an end, bars reset": [
        f"{SOCKET}::test_a_full_bar_that_goes_on_ends_nothing",
        f"{SOCKET}::test_a_bar_that_falls_or_changes_its_total_is_a_new_run",
        f"{CONSOLE}::test_tiles_are_not_taken_for_the_samplers_steps",
    ],
    "10 parallel nodes and expanded ones": [
        f"{SOCKET}::test_parallel_nodes_run_side_by_side",
        f"{SOCKET}::test_expanded_nodes_count_inside_their_parent",
        f"{SOCKET}::test_executing_does_not_end_the_node_before",
    ],
    "11 cached nodes and the true denominator": [
        f"{SOCKET}::test_cached_nodes_that_are_not_needed_are_in_no_count",
        "dialects/comfyui/test_plan.py::test_only_ancestors_of_executed_outputs_are_needed",
    ],
    "12 an interrupt is an error with a message": [
        f"{CLOSING}::test_an_error_that_was_an_interrupt_is_a_cancel",
        f"{SOCKET}::test_a_broadcast_interrupt_is_a_cancel",
        f"{RECORDED}::test_a_recorded_session_is_heard_as_it_was",
    ],
    "13 partial validation: outputs dropped, the rest runs": [
        "dialects/comfyui/test_plan.py::test_only_ancestors_of_executed_outputs_are_needed",
    ],
    "14 delivery is late: durations by stamps": [
        f"{CLOSING}::test_times_come_from_the_messages",
        f"{CONSOLE}::test_the_history_gives_a_better_start",
    ],
    "15 the server never pings": [f"{SERVERS}::test_a_socket_that_answers_no_ping_is_a_loss"],
    "16 between two jobs nothing runs": [
        f"{LINE}::test_between_two_jobs_nothing_is_lost",
        f"{RESTART}::test_a_gap_between_two_jobs_is_no_wedge",
    ],
    "17 a refused prompt that runs all the same": [
        f"{LINE}::test_two_waiting_uses_of_one_id_are_two_jobs",
    ],
    "18 the innocent third job": [
        f"{CLOSING}::test_a_dead_worker_overrides_deleted",
        f"{VERDICT}::test_a_dead_worker_overrides_deleted",
        f"{CLOSING}::test_gone_while_wedged_is_unknown_and_stays_so_after_the_restart",
    ],
    "19 a dropped socket proves nothing": [
        f"{CLOSING}::test_a_dropped_socket_alone_proves_nothing",
        f"{LIVE}::test_a_lost_connection_without_a_restart_loses_no_job",
    ],
    "20 zero interference": [
        f"{QUIET}::test_the_submitter_hears_the_same_frames_with_and_without_us",
    ],
    "ids used twice": [
        f"{LINE}::test_an_id_seen_again_after_its_end_is_a_new_incarnation",
        f"{LINE}::test_a_reused_id_and_number_without_create_time_is_a_new_incarnation_too",
        f"{CLOSING}::test_the_entry_of_a_later_use_is_not_this_ones",
    ],
    "the queue is a heap": [
        f"{LINE}::test_the_place_in_line_is_the_rank_by_number_and_id",
        f"{RECORDED}::test_positions_in_recordings_follow_number_and_id",
    ],
    "video under images": [f"{CLOSING}::test_media_are_told_by_their_files"],
    "a bare /history stops the server": [f"{QUIET}::test_bare_history_is_never_asked_for"],
    "a second socket hears only counts": [
        f"{LIVE}::test_somebody_elses_job_is_followed_to_its_end",
        f"{CLOSING}::test_a_prompt_that_no_listing_showed_is_looked_for_among_the_ended",
    ],
    "prompts without a client are broadcast": [
        f"{LIVE}::test_a_job_without_a_client_is_followed_exactly",
        f"{SOCKET}::test_a_broadcast_bar_is_told_exactly",
    ],
    "console lines name no job": [
        f"{TURNS}::test_with_two_running_a_line_is_nobodys",
        f"{TURNS}::test_late_lines_of_the_former_job_are_not_given_to_the_next",
        f"{CONSOLE}::test_while_two_run_a_line_is_nobodys",
    ],
    "console entries are split anyhow": [
        "dialects/comfyui/test_splits.py::test_any_split_of_the_console_gives_the_same_state",
        f"{CONSOLE}::test_a_bar_drawn_again_at_its_close_is_no_news",
    ],
    "only the kept console tells a late joiner": [
        f"{CONSOLE}::test_a_late_joiner_reads_the_bar_and_the_beginning",
        f"{LIVE}::test_who_comes_late_knows_the_step_at_once",
    ],
    "the queue has no start time": [f"{LINE}::test_who_runs_at_the_first_look_began_before"],
    "an Origin is refused": [f"{ASKING}::test_no_origin_and_no_cookie_is_sent"],
    "polling costs": [
        f"{ASKING}::test_looks_that_the_server_asks_for_are_a_few_a_second_at_most",
        f"{ASKING}::test_an_idle_server_is_left_alone",
    ],
}
