import json

import pytest

from portal.jobs.result_json import MAX_RESULT_BYTES, FormError, parse_event, parse_refusal, parse_result

ATTEMPT, SHA = "11111111-2222-3333-4444-555555555555", "a" * 64
RESULT = {
    "schema": 1,
    "attempt": ATTEMPT,
    "job_sha256": SHA,
    "claim": {"cluster": "local", "job_id": "7", "array_index": None, "restart": 0},
    "exit_code": 0,
    "signal": None,
    "reason": None,
    "started": "2026-11-21T08:00:00Z",
    "ended": "2026-11-21T08:00:01Z",
    "host": "node1",
    "devices": [],
    "runner": "environment",
    "image": None,
    "cpus": 1,
    "cpu_s": 0.5,
    "memory_peak_bytes": 1,
    "memory_limit_bytes": 2,
    "log": {"stdout_bytes": 1, "stderr_bytes": 0, "stdout_truncated": True, "stderr_truncated": False},
    "launch_version": "0.1.0",
}


def read(**changes):
    raw = json.dumps(RESULT | changes).encode()
    return parse_result(raw, attempt=ATTEMPT, job_sha256=SHA, job_id="7")


def test_a_good_result_is_read():
    testimony = read()
    assert (testimony.exit_code, testimony.runner, testimony.stdout_truncated) == (0, "environment", True)
    assert testimony.image is None


def test_the_image_is_kept_by_name_and_digest_and_nothing_else_of_it():
    image = {"name": "science", "digest": "sha256:" + "ab" * 32, "path": "/abs"}
    assert read(runner="apptainer", image=image).image == {"name": "science", "digest": "sha256:" + "ab" * 32}
    for wrong in ("science", ["science"], {"name": 3}, {"name": "x" * 101}):
        with pytest.raises(FormError):
            read(image=wrong)


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": 2},
        {"attempt": "another"},
        {"job_sha256": "b" * 64},
        {"claim": None},
        {"claim": {"job_id": "8"}},
        {"exit_code": "0"},
        {"exit_code": True},
        {"exit_code": 256},
        {"exit_code": None},
        {"signal": 0},
        {"reason": "because"},
        {"detail": "x" * 3000},
        {"started": "yesterday"},
        {"ended": "2026-11-21T08:00:01"},
        {"cpu_s": -1},
        {"memory_peak_bytes": 2**63},
        {"host": ["a"]},
    ],
    ids=str,
)
def test_a_forged_result_is_invalid(changes):
    with pytest.raises(FormError):
        read(**changes)


@pytest.mark.parametrize("claim", [{"restart": 1}, {"restart": None}, {}, {"restart": "2"}, {"restart": -1}])
def test_what_an_earlier_run_of_a_job_that_was_put_back_left_is_no_report_of_the_last(claim):
    raw = json.dumps(RESULT | {"claim": {"job_id": "7"} | claim}).encode()
    with pytest.raises(FormError):
        parse_result(raw, attempt=ATTEMPT, job_sha256=SHA, job_id="7", restarts=2)


@pytest.mark.parametrize(("restart", "restarts"), [(2, 2), (3, 2), (1, 0)])
def test_the_report_of_the_last_run_is_read_also_where_the_scheduler_counts_fewer(restart, restarts):
    raw = json.dumps(RESULT | {"claim": {"job_id": "7", "restart": restart}}).encode()
    assert parse_result(raw, attempt=ATTEMPT, job_sha256=SHA, job_id="7", restarts=restarts).exit_code == 0


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b" " * (MAX_RESULT_BYTES + 1)])
def test_what_is_no_small_json_object_is_invalid(raw):
    with pytest.raises(FormError):
        parse_result(raw, attempt=ATTEMPT, job_sha256=SHA, job_id="7")


def test_an_event_is_reduced_to_what_is_known_and_bounded():
    event = parse_event(
        json.dumps(
            {
                "t": "x" * 100,
                "stage": "s" * 500,
                "step": 2,
                "steps": 3,
                "fraction": 0.4,
                "message": "m" * 999,
                "metrics": {"planes/s": 12.5, "bad": "x"},
                "other": {"a": 1},
            }
        ).encode()
    )
    assert len(event["stage"]) == 100
    assert len(event["message"]) == 300
    assert event["metrics"] == {"planes/s": 12.5}
    assert "other" not in event


LONG = b'{"stage": "a"' + b" " * 20_000 + b"}"


@pytest.mark.parametrize("line", [b"", b"not json", b"[1]", b'{"stage": 3}', LONG])
def test_a_malformed_line_is_no_event(line):
    assert parse_event(line) is None


def test_a_fraction_outside_its_range_is_left_out():
    assert "fraction" not in parse_event(b'{"stage": "a", "fraction": 7}')
    assert "fraction" not in parse_event(b'{"stage": "a", "fraction": NaN}')


def test_what_json_can_say_and_no_float_or_database_can_hold_harms_nobody():
    large = "1" + "0" * 4000
    line = f'{{"stage": "a\\ud800b\\u0000", "fraction": {large}, "metrics": {{"\\udfff": 1, "x": {large}}}}}'
    event = parse_event(line.encode())
    assert event == {"stage": "a?b\ufffd", "metrics": {"?": 1.0}}
    event["stage"].encode()


REFUSED = {"t": "2026-11-21T08:00:00.000Z", "refused": "heart.h5 holds no volume."}


def test_a_refusal_is_its_words_and_no_progress():
    line = json.dumps(REFUSED).encode()
    assert parse_refusal(line) == "heart.h5 holds no volume."
    assert parse_event(line) is None  # as a portal sees it that does not know it


def test_a_refusal_is_one_printable_line_of_bounded_length():
    said = parse_refusal(json.dumps({"refused": "a\x1b[2J\nb\u202ec\0\ud800" + "d" * 5000}).encode())
    assert said.startswith("a\ufffd[2J b\ufffdc\ufffd?ddd")
    assert len(said) == 1000
    assert said.endswith("…")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json",
        b"[1]",
        b"[" * 9000,
        b'{"stage": "reading"}',
        b'{"refused": 3}',
        b'{"refused": null}',
        b'{"refused": " \\n "}',
        b'{"refused": "cut o',
        b'{"refused": "a"' + b" " * 20_000 + b"}",
    ],
)
def test_a_line_that_is_no_refusal_says_nothing(line):
    assert parse_refusal(line) == ""
