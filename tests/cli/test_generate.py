"""Making, cancelling and listing, as a person does it."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Run
from tests.cli.studio import Studio, studio

from headway.cli import codes
from headway.sim import workflows

LONG = "10000"  # steps: not over before the test is
DECK = """
assets:
  - name: Creatures
    params: {steps: 2}
    assets:
      - {id: fox, prompt: a fox}
      - {id: owl, prompt: an owl}
"""


@pytest.fixture
def there(home: Path) -> Iterator[Studio]:
    with studio(speed=50) as one:
        config = f'[plane]\ndiscover = false\n[sources.studio]\nurl = "{one.url}"\n'
        (home / "config.toml").write_text(config)
        yield one


def test_what_was_made_is_on_stdout_and_saved_under_its_name(
    there: Studio, hw: Run, home: Path
) -> None:
    out = home / "out"
    code, said, talk = hw(
        *("generate", "image", "-p", "a fox", "--seed", "7", "--save-images", "-o", str(out)),
        *("--filename-template", "{index1}-{seed}"),
    )

    assert code == codes.DONE
    assert said.strip() == str(out / "001-7.png")
    assert (out / "001-7.png").read_bytes().startswith(b"\x89PNG")
    assert "sampling" in talk


def test_the_answer_as_data_holds_nothing_but_data(there: Studio, hw: Run) -> None:
    code, said, _ = hw("generate", "image", "-p", "a fox", "--format", "json", "--batch", "2")

    answer = json.loads(said)
    assert code == codes.DONE
    assert answer["status"] == "completed"
    assert len(answer["outputs"]) == 2
    assert isinstance(answer["seed"], int)


def test_others_see_it_under_its_name_afterwards(there: Studio, hw: Run) -> None:
    hw("generate", "image", "-p", "a fox", "--title", "the fox")

    _, said, _ = hw("jobs", "--format", "json")

    (job,) = json.loads(said)
    assert (job["title"], job["phase"]) == ("the fox", "succeeded")


def test_a_workflow_is_changed_where_it_was_said(there: Studio, hw: Run, home: Path) -> None:
    file = home / "flow.json"
    file.write_text(json.dumps(workflows.text_to_image(steps=3)))

    code, said, _ = hw(
        *("generate", "image", "--workflow", str(file), "--set", "3.steps=5", "--format", "json")
    )

    assert code == codes.DONE
    assert json.loads(said)["jobs"][0]["meta"]["sampling_steps"] == 5


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--model", "tinny"], "nearest: tiny.safetensors"),
        (["--sampler", "eulr"], "nearest for sampler_name: euler"),
        (["--lora", "inkk"], "nearest for lora_name: ink.safetensors"),
        (["--width", "0"], "width"),
        (["--length", "512", "--height", "512"], "the same thing"),
        (["--workflow", "nowhere.json"], "cannot read nowhere.json"),
        (["--set", "3.steps=1"], "give the workflow's file"),
        (["--filename-template", "{sead}"], "unknown field {sead}"),
        (["--backend", "attic"], "known: studio"),
    ],
)
def test_what_does_not_fit_says_what_would(
    there: Studio, hw: Run, given: list[str], said: str
) -> None:
    code, out, talk = hw("generate", "image", "-p", "a fox", *given)

    assert code == codes.USAGE
    assert out == ""
    assert said in talk


def test_a_failure_is_code_one_and_a_silent_back_end_code_three(hw: Run, home: Path) -> None:
    with studio(speed=50) as one:
        config = f'[plane]\ndiscover = false\n[sources.studio]\nurl = "{one.url}"\n'
        (home / "config.toml").write_text(config)
        file = home / "bad.json"
        file.write_text(json.dumps(workflows.failing(tag="no")))
        failed, _, _ = hw("generate", "image", "--workflow", str(file))
    silent, _, talk = hw("generate", "image", "-p", "x", "--backend", "studio")

    assert (failed, silent) == (codes.FAILED, codes.UNREACHABLE)
    assert "nothing answers" in talk


def test_out_of_time_it_is_stopped_and_said_so(there: Studio, hw: Run) -> None:
    code, _, talk = hw("generate", "image", "-p", "a fox", "--steps", LONG, "--timeout", "0.5s")

    assert code == codes.TIMED_OUT
    assert "the back end says: cancelled" in talk
    there.wait(lambda comfy: comfy.running is None and not comfy.pending)


def test_the_first_interrupt_asks_the_back_end_to_stop(there: Studio, hw: Run) -> None:
    def interrupt() -> None:
        there.wait(lambda comfy: comfy.running is not None)
        signal.raise_signal(signal.SIGINT)

    asking = threading.Thread(target=interrupt)
    asking.start()
    code, _, talk = hw("generate", "image", "-p", "a fox", "--steps", LONG)
    asking.join()

    assert code == codes.INTERRUPTED
    assert "the back end says: cancelled" in talk


def test_one_job_is_cancelled_and_no_other(there: Studio, hw: Run) -> None:
    first, second = there.submit(steps=int(LONG)), there.submit(steps=int(LONG))
    there.wait(lambda comfy: comfy.running == first)

    code, said, _ = hw("cancel", second[:13])

    assert code == codes.DONE
    assert "cancelled" in said
    there.wait(lambda comfy: comfy.pending == [] and comfy.running == first)


def test_a_name_that_fits_nothing_or_several_stops_nothing(there: Studio, hw: Run) -> None:
    there.submit(steps=int(LONG))
    there.submit(steps=int(LONG))

    assert hw("cancel", "nobody")[0] == codes.USAGE
    assert hw("cancel", "")[0] == codes.USAGE
    assert len(there.comfy.prompts) == 2


def test_other_peoples_work_is_asked_about_first(there: Studio, hw: Run) -> None:
    there.submit(steps=int(LONG))

    code, _, talk = hw("cancel", "--all")

    assert code == codes.USAGE
    assert "--yes says that it is meant" in talk
    assert there.comfy.prompts
    assert hw("cancel", "--all", "--yes")[0] == codes.DONE
    there.wait(lambda comfy: comfy.running is None and not comfy.pending)


def test_nobody_elses_work_is_mine(there: Studio, hw: Run) -> None:
    there.submit(steps=int(LONG))

    code, _, talk = hw("cancel", "--mine")

    assert code == codes.DONE
    assert "nothing of that" in talk
    assert there.comfy.prompts


def test_models_are_listed_and_found(there: Studio, hw: Run) -> None:
    _, listed, _ = hw("models", "list", "--format", "json")
    _, one, _ = hw("models", "get", "tiny", "--format", "json")
    code, _, talk = hw("models", "get", "tinny")

    assert workflows.CHECKPOINT in [model["name"] for model in json.loads(listed)]
    assert json.loads(one)["name"] == workflows.CHECKPOINT
    assert code == codes.USAGE
    assert "nearest: tiny.safetensors" in talk


def deck(home: Path) -> list[str]:
    (home / "deck.yaml").write_text(DECK)
    return ["pipeline", str(home / "deck.yaml"), "-o", str(home / "deck"), "--format", "json"]


def test_a_pipeline_is_made_and_then_skipped(there: Studio, hw: Run, home: Path) -> None:
    code, said, _ = hw(*deck(home))
    again, skipped, _ = hw(*deck(home))

    assert (code, again) == (codes.DONE, codes.DONE)
    assert [one["come"] for one in json.loads(said)] == ["made", "made"]
    assert [one["come"] for one in json.loads(skipped)] == ["skipped", "skipped"]
    assert sorted(path.name for path in (home / "deck").glob("*.png")) == ["fox.png", "owl.png"]


def test_a_pipeline_that_would_be_made_asks_nobody(hw: Run, home: Path) -> None:
    code, said, _ = hw(*deck(home), "--dry-run")

    assert code == codes.DONE
    assert [one["file"] for one in json.loads(said)] == ["fox.png", "owl.png"]
    assert not (home / "deck").exists()


def test_what_changed_is_made_again_and_what_is_foreign_is_left(
    there: Studio, hw: Run, home: Path
) -> None:
    given = deck(home)
    hw(*given)
    (home / "deck.yaml").write_text(DECK.replace("an owl", "a white owl"))
    _, said, _ = hw(*given)
    (home / "deck" / "fox.png").write_bytes(b"mine")
    code, _, talk = hw(*given)

    assert [one["come"] for one in json.loads(said)] == ["skipped", "made"]
    assert code == codes.USAGE
    assert "did not make: fox.png" in talk
    assert (home / "deck" / "fox.png").read_bytes() == b"mine"


def test_a_failure_stops_what_has_not_begun_unless_it_is_to_go_on(
    there: Studio, hw: Run, home: Path
) -> None:
    given = deck(home)
    (home / "deck.yaml").write_text(
        DECK.replace("prompt: a fox", "prompt: x, params: {sampler: nope}")
    )

    code, said, _ = hw(*given)
    going, more, _ = hw(*given, "--continue-on-error")

    assert (code, going) == (codes.FAILED, codes.FAILED)
    assert [one["come"] for one in json.loads(said)] == ["failed", "left"]
    assert [one["come"] for one in json.loads(more)] == ["failed", "made"]
